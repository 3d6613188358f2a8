// Tells Prisma's own tools where the schema and the migrations are. The server does not read this: it migrates by itself.
import { defineConfig } from "prisma/config";

export default defineConfig({
  schema: "prisma/schema.prisma",
  migrations: { path: "prisma/migrations" },
  datasource: { url: process.env["DATABASE_URL"] ?? "postgresql://quetzal@localhost/quetzal" },
});
