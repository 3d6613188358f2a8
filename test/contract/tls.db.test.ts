// TLS: the same server behind a certificate, and what is said where its files cannot be used.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { startServer } from "../../server/src/server.js";
import { ContractStack } from "../support/contract.js";

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
let stack: ContractStack;
let folder: string;
let tls: { certificateFile: string; keyFile: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "qz-tls-"));
  tls = { certificateFile: join(folder, "cert.pem"), keyFile: join(folder, "key.pem") };
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", tls.keyFile, "-out", tls.certificateFile], { stdio: "ignore" });
  stack = await ContractStack.start(() => undefined);
  await stack.stopServer();
});
afterAll(async () => {
  await stack[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

describe("TLS", () => {
  it("serves HTTPS and secure WebSockets with the certificate given", async () => {
    await using server = await startServer({ ...stack.config, tls }, silent);
    expect(server.url).toMatch(/^https:/);
    const ca = readFileSync(tls.certificateFile);
    const status = await new Promise((resolve, reject) => {
      get(server.url.replace("/graphql", "/health"), { ca }, (response) => { response.resume(); resolve(response.statusCode); }).once("error", reject);
    });
    expect(status).toBe(200);
    const socket = new WebSocket(server.wsUrl, "graphql-transport-ws", { ca });
    const acknowledged = new Promise<string>((resolve, reject) => socket.once("error", reject).once("message", (data: Buffer) => resolve(data.toString())));
    socket.once("open", () => socket.send(JSON.stringify({ type: "connection_init", payload: { authorization: `Bearer ${stack.token}` } })));
    expect(await acknowledged).toContain("connection_ack");
    socket.terminate();
  });

  it.each(["certificateFile", "keyFile"] as const)("names a %s that cannot be read", async (which) => {
    await expect(startServer({ ...stack.config, tls: { ...tls, [which]: "/nonexistent.pem" } }, silent)).rejects.toThrow(/\/nonexistent\.pem/);
  });
});
