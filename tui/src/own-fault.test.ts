import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isOwnFault, ownFaultText } from "./own-fault.js";

let folder = "";
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "qz-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a fault of our own", () => {
  it.each([[new TypeError("x"), true], [new RangeError("x"), true], ["thrown text", true], [undefined, true], [new Error("A sentence."), false], [Object.assign(new Error("ENOSPC"), { syscall: "write" }), false]])("is %o: %s", (error, is) => {
    expect(isOwnFault(error)).toBe(is);
  });

  it("is told in a sentence and kept whole in the log, for its owner alone", () => {
    const log = join(folder, "client.log");
    const text = ownFaultText(new TypeError("Cannot read x", { cause: new Error("because") }), log, "1.2.3");
    expect(text).toBe(`This is a fault of quetzal itself, not of what was asked. Please report it, with what stands last in ${log}.`);
    const written = readFileSync(log, "utf8");
    expect(written).toMatch(/quetzal 1\.2\.3, Node v[^]*TypeError: Cannot read x\n +at [^]*caused by: Error: because/);
    expect(statSync(log).mode & 0o777).toBe(0o600);
  });

  it("is kept elsewhere where there is no folder for logs", () => {
    const path = /last in (.*)\.$/.exec(ownFaultText(new TypeError("Cannot read x"), join(folder, "none", "client.log"), "1"))?.[1] ?? "";
    expect(path).toContain(tmpdir());
    expect(readFileSync(path, "utf8")).toContain("Cannot read x");
    rmSync(join(path, ".."), { recursive: true });
  });

  it("begins a log anew that has grown too large, and adds to any other", () => {
    const log = join(folder, "client.log");
    writeFileSync(log, "y".repeat(2 * 1024 * 1024));
    chmodSync(log, 0o600);
    ownFaultText(new TypeError("first"), log, "1");
    ownFaultText(new TypeError("second"), log, "1");
    expect(readFileSync(log, "utf8")).toMatch(/^20[^]*first[^]*second/);
  });
});
