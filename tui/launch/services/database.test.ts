// How the launcher hears of a database that cannot be worked with: a program stands for the server's.
import { expect, it } from "vitest";
import { proveDatabase } from "./database.mjs";

const server = (script: string, url: string | undefined) => ({ program: process.execPath, arguments: ["-e", script, "--"], env: { ...process.env, DATABASE_URL: url }, cwd: "/" });

it("asks nobody where none is named", async () => {
  await proveDatabase(server("process.exit(1)", undefined));
  await proveDatabase(server("process.exit(1)", ""));
});

it("passes what the server says on, with the mend", async () => {
  const words = 'process.stderr.write("quetzal server: The database cannot be reached (nobody there).\\n"); process.exit(1)';
  await expect(proveDatabase(server(words, "postgresql://db"))).rejects.toMatchObject({
    message: "DATABASE_URL cannot be used. The database cannot be reached (nobody there).", mend: expect.stringContaining("postgresql://USER:PASSWORD@HOST:5432/DATABASE") as string,
  });
});

it("is content when the server is", async () => {
  await proveDatabase(server('process.exit(process.argv.includes("--prove-database") ? 0 : 1)', "postgresql://db"));
});
