import { describe, expect, it } from "vitest";
import { ConfigError, readConfig } from "./config.js";

const base = { QUETZAL_STATE_DIR_RESOLVED: "/s", QUETZAL_RUN_DIR_RESOLVED: "/r" };

describe("readConfig", () => {
  it("listens on loopback without being told", () => {
    expect(readConfig(base)).toMatchObject({ listen: { host: "127.0.0.1", port: 4560 }, tls: null, databaseUrl: null });
  });

  it.each(["127.0.0.1:0", "127.8.8.8:1", "localhost:4560", "[::1]:4560"])("serves %s in the clear", (listen) => {
    expect(readConfig({ ...base, QUETZAL_LISTEN: listen }).tls).toBeNull();
  });

  it.each(["0.0.0.0:4560", "[::]:4560", "192.0.2.1:443", "127.example.org:80"])("refuses to serve %s without TLS, and says how", (listen) => {
    expect(() => readConfig({ ...base, QUETZAL_LISTEN: listen })).toThrow(/QUETZAL_TLS_CERT/);
  });

  it("serves any address with a certificate and its key", () => {
    const config = readConfig({ ...base, QUETZAL_LISTEN: "0.0.0.0:443", QUETZAL_TLS_CERT: "/c.pem", QUETZAL_TLS_KEY: "/k.pem" });
    expect(config.tls).toEqual({ certificateFile: "/c.pem", keyFile: "/k.pem" });
  });

  it("refuses a certificate without its key", () => {
    expect(() => readConfig({ ...base, QUETZAL_TLS_CERT: "/c.pem" })).toThrow(ConfigError);
  });

  it.each(["4560", ":4560", "host:", "host:99999", "a b"])("refuses %j as an address", (listen) => {
    expect(() => readConfig({ ...base, QUETZAL_LISTEN: listen })).toThrow(/HOST:PORT/);
  });

  it.each(["mydb", "http://db/x", "postgres:", "postgresql://[half/x"])("refuses %j as a database, without saying it", (url) => {
    expect(() => readConfig({ ...base, DATABASE_URL: url })).toThrow(/^DATABASE_URL is no URL of a Postgres: write it like [^:]+:\/\/USER/);
  });

  it.each(["postgres://db/x", "postgresql://u:p@db:5432/x?sslmode=require", "postgresql:///x?host=/run/pg"])("takes %j as a database", (url) => {
    expect(readConfig({ ...base, DATABASE_URL: url }).databaseUrl).toBe(url);
  });

  it("refuses a state folder that is not absolute", () => {
    expect(() => readConfig({ ...base, QUETZAL_STATE_DIR_RESOLVED: "state" })).toThrow(/absolute/);
  });
});
