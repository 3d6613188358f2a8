// A server that answers what no schema allows, and so a fault of the command line itself: one sentence, never a stack.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ClientBundle } from "../support/client-bundle.js";

const folder = mkdtempSync(join(tmpdir(), "qz-"));
const log = join(folder, "logs", "client.log");
const server = createServer((_request, response) => response.writeHead(200, { "content-type": "application/json" }).end('{"data":{"vms":null,"hosts":null}}'));
const bundle = new ClientBundle();
beforeAll(async () => {
  mkdirSync(join(folder, "logs"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const environment = (): NodeJS.ProcessEnv => ({ ...process.env, QUETZAL_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, QUETZAL_TOKEN: "t", QUETZAL_STATE_DIR: folder });
const SENTENCE = `This is a fault of quetzal itself, not of what was asked. Please report it, with what stands last in ${log}.`;

describe("a fault of the command line itself", { timeout: 60_000 }, () => {
  it("is one sentence and exit code 1, its stack in the log", async () => {
    expect(await bundle.run(["vm", "ls"], environment())).toEqual({ code: 1, out: "", err: `quetzal: ${SENTENCE}\n` });
    expect(readFileSync(log, "utf8")).toMatch(/TypeError: .*\n +at /);
  });

  it("is JSON where errors are", async () => {
    const { code, err } = await bundle.run(["vm", "ls", "-o", "json"], environment());
    expect({ code, said: JSON.parse(err) as unknown }).toEqual({ code: 1, said: { error: { code: "Internal", message: SENTENCE, exitCode: 1 } } });
  });
});
