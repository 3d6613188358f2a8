import { describe, expect, it } from "vitest";
import { parseDomstats, parseList } from "./answers.js";

describe("parseDomstats", () => {
  it("gives each domain its statistics", () => {
    const text = "Domain: 'a'\n  state.state=1\n  vcpu.0.time=30000000\n\nDomain: 'b'\n  state.state=5\n\n";
    expect(Object.fromEntries(parseDomstats(text).get("a") ?? [])).toEqual({ "state.state": "1", "vcpu.0.time": "30000000" });
    expect([...parseDomstats(text).keys()]).toEqual(["a", "b"]);
  });

  it.each([
    ["a value with an equals sign", "Domain: 'a'\n  block.0.path=/x=y z\n", "block.0.path", "/x=y z"],
    ["an empty value", "Domain: 'a'\n  net.0.name=\n", "net.0.name", ""],
    ["a name with a quote in it", "Domain: 'it's'\n  k=v\n", "k", "v"],
  ])("keeps %s", (_, text, key, value) => { expect([...parseDomstats(text).values()][0]?.get(key)).toBe(value); });

  it("finds nothing in nothing", () => { expect(parseDomstats("\n").size).toBe(0); });

  it("refuses statistics of nobody", () => { expect(() => parseDomstats("  state.state=1\n")).toThrow("state.state before any domain"); });
});

describe("parseList", () => {
  it("gives names and states, with and without an id", () => {
    expect(Object.fromEntries(parseList(" 1    bench-1   running\n -    bench-2   shut off\n 12   bench-3   in shutdown   \n\n"))).toEqual({ "bench-1": "running", "bench-2": "shut off", "bench-3": "in shutdown" });
  });

  it("takes a heading for no domain", () => { expect(parseList(" Id   Name   State\n--------------------\n").size).toBe(0); });
});
