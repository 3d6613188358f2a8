// Laws of waiting for the server's way to the daemon, with a server of this test's on loopback.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeContext, type Context } from "../context.mjs";
import { waitForLink } from "./plan.mjs";

let folder: string;
let context: Context;
let server: Server;
let asked: string[];
/** Answers still to come that say the daemon is away. */
let away: number;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "qz-"));
  context = makeContext({ QUETZAL_STATE_DIR: folder }, { uid: 1000, isTerminal: false, arguments: [] });
  asked = [];
  server = createServer(({ url = "" }, response) => {
    asked.push(url);
    response.writeHead(away-- > 0 ? 503 : 200).end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});
function tellServer(): void {
  mkdirSync(dirname(context.paths.serverJson), { recursive: true });
  writeFileSync(context.paths.serverJson, JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, pid: process.pid }));
}

it.each([0, 1, 3])("asks until the daemon is behind the server: %i times in vain", async (times) => {
  away = times;
  tellServer();
  await waitForLink(context, "npm start again.");
  expect(asked).toEqual(Array.from({ length: times + 1 }, () => "/ready"));
});

it("waits for a server that has not said yet where it listens", async () => {
  away = 0;
  const linked = waitForLink(context, "npm start again.");
  setTimeout(tellServer, 50);
  await linked;
  expect(asked).toEqual(["/ready"]);
});
