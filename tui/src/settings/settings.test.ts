import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { COLUMN_IDS } from "../store/columns.js";
import { readConfig } from "../config.js";
import { tokenFault } from "./contexts.js";
import { dashboardSettings } from "./dashboard-settings.js";
import { EXAMPLE, switchedOn } from "./example.js";
import { readSettings } from "./file.js";
import { keyFrom } from "./key-names.js";
import { parseSettings } from "./parse.js";
import { SettingsError, editSettings } from "./write.js";

const settled = (text: string): ReturnType<typeof dashboardSettings> => dashboardSettings(parseSettings(text), "dark");

describe("config.yaml", () => {
  it("is the defaults where nothing is written, and where all is commented", () => {
    for (const text of ["", "# nothing\n", EXAMPLE]) expect(settled(text)).toEqual(settled(""));
  });

  it("takes every line of the example once it is switched on", () => {
    const { settings, faults, palettes } = settled(switchedOn(EXAMPLE));
    expect(faults).toEqual([]);
    expect(settings.keys.get("quit")).toEqual(["Q"]);
    expect(settings.columns?.slice(0, 3)).toEqual(["name", "state", "cpu"]);
    expect(settings.sort).toEqual({ column: "memory", direction: "descending" });
    expect(settings.views).toEqual([{ name: "hot", filter: "cpu>50", columns: ["name", "state", "cpu", "steal", "last"], sort: { column: "cpu", direction: "descending" } }]);
    expect(settings.commands).toEqual([{ name: "ping", key: "C-p", run: ["ping", "-c3", "{name}"], where: "state:running", confirm: true }]);
    expect(settings.mouse).toBe(true);
    expect(palettes.find((palette) => palette.name === "mine")?.colours.running?.[0]).toBe("#88cc88");
    expect(parseSettings(switchedOn(EXAMPLE)).written.contexts).toEqual([{ name: "lab2", line: 9, url: "https://lab2.example:4560", token: null, tokenFile: "lab2.token" }]);
  });

  it("names every column there is", () => {
    expect(/There are ([^;]*);/.exec(EXAMPLE.replaceAll("\n# ", " "))?.[1]?.split(" ")).toEqual([...COLUMN_IDS]);
  });

  it("shows the same example in docs/config.md", () => {
    expect(readFileSync(new URL("../../../docs/config.md", import.meta.url), "utf8")).toContain(EXAMPLE);
  });

  it.each([
    ["colour: red", 1, '"colour" is no setting'],
    ["mouse: perhaps", 1, "mouse must be true or false"],
    ["\ncpuScale: guest", 2, "cpuScale must be one of core, vm"],
    ["columns:\n  - name\n  - speed\n", 3, 'There is no column "speed"'],
    ["sort: -speed", 1, 'There is no order "-speed"'],
    ["theme: neon", 1, 'There is no theme "neon"'],
    ["themes:\n  - name: a\n    colours: {running: green}", 3, "must be a colour"],
    ["themes:\n  - name: a\n    colours: {walking: '#ffffff'}", 3, 'There is no role "walking"'],
    ["keys:\n  fly: f", 2, 'There is no command "fly"'],
    ["keys:\n  stop: Ctrl-Alt-F", 2, "The key of stop must be a key"],
    ["keys:\n  stop: s", 2, "stop cannot have the key s: start has it"],
    ["keys:\n  stop: X\n  start: X", 3, "start cannot have the key X: stop has it"],
    ["contexts:\n  - name: a\n    url: lab:4560", 3, "url of a context must be an http or https URL"],
    ["contexts:\n  - url: http://a", 2, "This context has no name"],
    ["contexts:\n  - name: local\n    url: http://a", 2, "always means this machine's own server"],
    ["contexts:\n  - {name: a, url: 'http://a'}\n  - {name: a, url: 'http://b'}", 3, "is there already"],
    ["contexts:\n  - name: a\n    url: http://a\n    port: 4", 4, 'A context has no "port"'],
    ["commands:\n  - name: a\n    run: ping {vm}", 3, "must be a list"],
    ["commands:\n  - name: a\n    run: [ping, '{ip}']", 3, "{ip} stands for nothing"],
    ["commands:\n  - name: a\n    key: s\n    run: [ping]", 2, 'the command "a" cannot have the key s: start has it'],
    ["views:\n  - filter: a", 2, "This view has no name"],
    ["mouse: true\nmouse: false", 2, "Map keys must be unique"],
    ["mouse: [true", 1, "must"],
    ["- mouse", 1, 'must be a list of "name: value" lines'],
  ])("names the line of %j", (text, line, words) => {
    const { faults } = settled(text);
    expect(faults.map((fault) => fault.line)).toContain(line);
    expect(faults.map((fault) => fault.text).join(" ")).toContain(words);
  });

  it.each([
    ["current: [1]", undefined], ["contexts:\n  - {name: a}", undefined], ["contxts: []", undefined], ["mouse: [true", undefined],
    ["mouse: perhaps", "dashboard"], ["themes:\n  - name: a\n    colours: {running: green}", "dashboard"], ["views:\n  - filter: a", "dashboard"],
  ])("says of %j whom it concerns", (text, concerns) => {
    expect(parseSettings(text).faults.map((fault) => fault.concerns)).toContain(concerns);
  });

  it.each([["keys:\n  qiut: Q", "did you mean quit?"], ["colums: [name]", "did you mean columns?"], ["columns: [nmae]", "did you mean name"], ["theme: drak", "did you mean dark?"]])("offers for %j what was meant", (text, offer) => {
    const [fault] = settled(text).faults;
    expect(fault?.text).toContain(offer);
    expect(fault?.text.length).toBeLessThan(250);
  });

  it("keeps the rest beside a wrong line", () => {
    const { settings, faults } = settled("mouse: true\ncolumns: [name, speed, cpu]\nkeys:\n  stop: s\n  quit: Q\nviews:\n  - name: v\n    sort: -speed\n    filter: a\n");
    expect(faults.map((fault) => fault.line)).toEqual([2, 4, 8]);
    expect(settings).toMatchObject({ mouse: true, columns: ["name", "cpu"], views: [{ name: "v", filter: "a", sort: null }] });
    expect([...settings.keys]).toEqual([["quit", ["Q"]]]);
  });

  it("hands every filter on with its line, for the server to judge", () => {
    const { settings } = settled("views:\n  - name: v\n    filter: cpu>\n  - name: w\ncommands:\n  - name: c\n    run: [true]\n    where: state:running\n");
    expect(settings.filters).toEqual([{ of: "view", name: "v", text: "cpu>", line: 3 }]);
    expect(settled("commands:\n  - name: c\n    run: [ls]\n    where: state:running\n").settings.filters).toEqual([{ of: "command", name: "c", text: "state:running", line: 4 }]);
  });

  it("lets two commands change keys, and two of different pages share one", () => {
    expect(settled("keys: {stop: s, start: S}").faults).toEqual([]);
    expect(settled("keys: {filter: x}").faults).toEqual([]);
  });

  it("reads any text at all without an exception", () => {
    const word = fc.constantFrom("keys", "views", "columns", "- name", "run", "contexts", ":", "[", "]", "{", "&a", "*a", "\n", "\n  ", "name", "'", '"', "#", "url", "!!js", "| ");
    fc.assert(fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 4 })), { maxLength: 40 }), (words) => {
      for (const fault of settled(words.join(" ")).faults) expect(fault.line).toBeGreaterThan(0);
    }), { numRuns: 300 });
  });

  it.each([["Ctrl-x", "C-x"], ["c-X", "C-x"], ["PgUp", "pageup"], ["space", " "], ["é", "é"], ["Esc", "escape"], ["f13", undefined], ["ab", undefined], ["", undefined]])("reads the key %j as %j", (text, key) => expect(keyFrom(text)).toBe(key));
});

describe("contexts", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "qz-set-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const path = (): string => join(folder, "config.yaml");
  const TWO = "current: b\ncontexts:\n  - {name: a, url: 'https://a:1', token: secret}\n  - {name: b, url: 'https://b:1', tokenFile: b.token}\n";

  async function config(text: string, env: Record<string, string> = {}, mode = 0o600): Promise<ReturnType<typeof readConfig>> {
    writeFileSync(path(), text);
    chmodSync(path(), mode);
    return readConfig({ QUETZAL_STATE_DIR: folder, ...env }, 0, await readSettings(path()));
  }

  it("come from the option, then QUETZAL_URL, then QUETZAL_CONTEXT, then current", async () => {
    const named = async (env: Record<string, string>, context?: string): Promise<string> => (await config(TWO, env)).with({ context }).server.name;
    expect(await named({})).toBe("b");
    expect(await named({ QUETZAL_CONTEXT: "a" })).toBe("a");
    expect(await named({ QUETZAL_CONTEXT: "a", QUETZAL_URL: "http://c" })).toBe("QUETZAL_URL");
    expect(await named({ QUETZAL_CONTEXT: "a", QUETZAL_URL: "http://c" }, "b")).toBe("b");
    expect(await named({}, "local")).toBe("local");
  });

  it("hand a chosen context on to children, without the variables that would beat it", async () => {
    const { environment } = (await config(TWO, { QUETZAL_URL: "http://c", QUETZAL_TOKEN: "t" })).with({ context: "a" });
    expect(environment).toEqual({ QUETZAL_STATE_DIR: folder, QUETZAL_CONTEXT: "a" });
  });

  it("have it told why nobody is let in, with the line that says how", async () => {
    const { settings } = await config(TWO, {}, 0o644);
    const faults = settings.written.contexts.map((one) => `${one.line}: ${tokenFault(one, path())}`);
    expect(faults).toEqual([expect.stringMatching(/^3: config\.yaml holds the token of .* \(mode 0644\): run 'chmod 600 /), expect.stringMatching(/^4: The token file of the context "b", .* cannot be read \(ENOENT\)/)]);
    writeFileSync(join(folder, "b.token"), "secret", { mode: 0o644 });
    expect(settings.written.contexts.map((one) => tokenFault(one, path()))[1]).toContain("(mode 0644): run 'chmod 600 ");
    chmodSync(join(folder, "b.token"), 0o600);
    expect(settings.written.contexts.map((one) => tokenFault(one, path()))[1]).toBeNull();
  });

  it("read the token from a file of mode 0600 only", async () => {
    const { endpoint } = await config(TWO);
    expect(endpoint).toThrow(/b\.token, cannot be read \(ENOENT\)/);
    writeFileSync(join(folder, "b.token"), "t\n", { mode: 0o640 });
    chmodSync(join(folder, "b.token"), 0o640);
    expect(endpoint).toThrow(/may be read by others \(mode 0640\): run 'chmod 600/);
    chmodSync(join(folder, "b.token"), 0o600);
    expect(endpoint()).toEqual({ url: "https://b:1", token: "t" });
    writeFileSync(join(folder, "b.token"), "");
    expect(endpoint).toThrow(/is empty/);
  });

  it("refuse a token in a config.yaml that others may read", async () => {
    expect((await config(TWO, {}, 0o644)).with({ context: "a" }).endpoint).toThrow(/holds the token of the context "a".*chmod 600/);
    expect((await config(TWO)).with({ context: "a" }).endpoint()).toEqual({ url: "https://a:1", token: "secret" });
  });

  it("say which are there when one is not", async () => {
    expect((await config(TWO)).with({ context: "c" }).server.fault).toMatch(/--context is "c".*there are local, a, b/);
    expect((await config("current: x")).server.fault).toMatch(/config\.yaml line 1 says "x".*there is local/);
    expect((await config("current: x")).endpoint).toThrow(/no such context/);
  });

  it("change in the file without a comment lost", () => {
    writeFileSync(path(), "# mine\ncontexts:\n  # all of them\n  - name: a # the first\n    url: http://a\n\n# the end\n");
    editSettings(path(), (document) => document.set("current", "a"));
    expect(readFileSync(path(), "utf8")).toBe("# mine\ncontexts:\n  # all of them\n  - name: a # the first\n    url: http://a\ncurrent: a\n\n# the end\n");
  });

  it("are not written into a file that is no YAML", () => {
    writeFileSync(path(), "a: [\n");
    expect(() => editSettings(path(), (document) => document.set("current", "a"))).toThrow(SettingsError);
    expect(readFileSync(path(), "utf8")).toBe("a: [\n");
  });

  it("make the file where there is none, closed to others", () => {
    const fresh = join(folder, "new/quetzal/config.yaml");
    editSettings(fresh, (document) => document.set("current", "local"));
    expect(readFileSync(fresh, "utf8")).toBe("current: local\n");
  });
});
