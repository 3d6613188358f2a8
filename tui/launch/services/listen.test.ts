// Laws of judging a wished address, on real ports of this machine's loopback.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listenFault, parseListen } from "./listen.mjs";

let holder: Server;
let port = 0;
beforeEach(async () => {
  holder = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => holder.once("listening", resolve));
  port = (holder.address() as AddressInfo).port;
});
afterEach(() => new Promise((resolve) => holder.close(resolve)));

const said = async (env: Record<string, string>, own?: { host: string; port: number }): Promise<string> => (await listenFault(env, own))?.describe() ?? "";
const on = (listen: string): Record<string, string> => ({ QUETZAL_LISTEN: listen });

it.each(["foo", "127.0.0.1", ":4560", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1"])("%s is no address and port", async (listen) => {
  expect(await said(on(listen))).toBe(`QUETZAL_LISTEN is "${listen}", which is not an address and a port.\nMend: write it like 127.0.0.1:4560.`);
});

it.each([["127.0.0.1:0", "127.0.0.1", 0], ["[::1]:4560", "::1", 4560], ["localhost:65535", "localhost", 65_535]])("%s is one", (listen, host, number) => {
  expect(parseListen(listen)).toEqual({ host, port: number });
});

describe("TLS", () => {
  it("is asked of an address that others reach", async () => {
    expect(await said(on("0.0.0.0:0"))).toMatch(/others can reach.*\nMend: set QUETZAL_TLS_CERT and QUETZAL_TLS_KEY/);
    expect(await said(on("127.9.9.9:0"))).toBe("");
  });

  it("takes a certificate and a key, both readable and of one pair", async () => {
    const folder = mkdtempSync(join(tmpdir(), "qz-"));
    try {
      const file = join(folder, "cert.pem");
      expect(await said({ ...on("0.0.0.0:0"), QUETZAL_TLS_CERT: file })).toMatch(/^QUETZAL_TLS_KEY is missing/);
      const both = { ...on("0.0.0.0:0"), QUETZAL_TLS_CERT: file, QUETZAL_TLS_KEY: file };
      expect(await said(both)).toMatch(/cannot be used \(ENOENT/);
      writeFileSync(file, "no certificate");
      expect(await said(both)).toMatch(/cannot be used .*\nMend: give/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the port", () => {
  it("in use by a stranger is named with another one to take", async () => {
    expect(await said(on(`127.0.0.1:${port}`))).toBe(`Port ${port} of 127.0.0.1 is in use by another program.\nMend: end that program, or choose another port: QUETZAL_LISTEN=127.0.0.1:${port + 1} npm start`);
    expect(await said(on(`127.0.0.1:${port}`), { host: "127.0.0.1", port: port - 1 })).toMatch(/in use/);
  });

  it("of our own server is free for its successor", async () => {
    const own = { host: "127.0.0.1", port };
    expect(await said(on(`127.0.0.1:${port}`), own)).toBe("");
    expect(await said(on(`localhost:${port}`), own)).toBe("");
    expect(await said(on(`127.0.0.1:${port}`), { host: "127.0.0.2", port })).toMatch(/in use/);
  });

  it("of an address that is not this machine's is refused", async () => {
    expect(await said({ ...on("127.0.0.1:0") })).toBe("");
    expect(await said(on("::1%nowhere:0"))).not.toBe("");
  });
});
