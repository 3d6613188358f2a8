// Marks, and one verb on all of them, as a person meets it: in a real pseudo-terminal, against the recorded server.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DashboardDriver } from "./support/dashboard.js";
import { eventually } from "./support/process.js";
import { RecordedServer } from "./support/recorded-server.js";

const TIMEOUT_MS = 60_000;
const ESC = "\x1b";

describe("marked VMs", () => {
  let dashboard: DashboardDriver;
  beforeAll(async () => {
    dashboard = await (await DashboardDriver.open({})).ready();
  }, TIMEOUT_MS);
  afterAll(() => dashboard[Symbol.asyncDispose](), TIMEOUT_MS);

  /** Marks all whose name holds a text, and shows everything again. */
  async function mark(part: string): Promise<void> {
    await dashboard.home();
    // Before the server has said what the filter finds, nothing is marked.
    await dashboard.press(`/${part}`, /\d of 7\. .*Enter keeps/);
    await dashboard.press("\r*", /\d marked/);
  }
  const asked = (verb: string): string[] => dashboard.server.asked.filter((one) => one.startsWith(verb));

  it("wear a sign, are counted in the title, and Esc takes them away", async () => {
    await dashboard.home();
    const screen = await dashboard.press("  ", /2 marked, 3 of 7/);
    expect(screen.split("\n").filter((line) => line.startsWith("◆"))).toHaveLength(2);
    await dashboard.press("V", /3 marked/);
    await dashboard.press("*", /7 marked/);
    await dashboard.press(ESC, /^(?![^]*marked)/);
  }, TIMEOUT_MS);

  it("get a plan first, that says what cannot be done and why, and Esc does nothing", async () => {
    await dashboard.home();
    await dashboard.press("*", /7 marked/);
    const plan = await dashboard.press("p", /plan: pause 7 VMs.*4 can, 3 cannot/);
    expect(plan).toMatch(/▲ db-old +cannot: db-old is crashed/);
    expect(plan).toMatch(/◆ web-1 +pauses web-1/);
    await dashboard.press(ESC, /7 marked/);
    expect(asked("PAUSE")).toEqual([]);
  }, TIMEOUT_MS);

  it("are all asked by Enter, and the summary stays until a key", async () => {
    await mark("web");
    await dashboard.press("p", /plan: pause 2 VMs.*all can/);
    const summary = await dashboard.press("\r", /summary: pause 2 VMs/);
    expect(summary).toMatch(/pause: 2 done\./);
    expect(asked("PAUSE").sort()).toEqual(["PAUSE web-1", "PAUSE web-2"]);
    await dashboard.press("z", /NAME +STATE/);
    await dashboard.press("p", /plan: resume 2 VMs/);
    await dashboard.press("\r", /resume: 2 done\./);
  }, TIMEOUT_MS);

  it("are deleted only when number and word were typed", async () => {
    await dashboard.home();
    await dashboard.press("*", /7 marked/);
    await dashboard.press("d", /plan: delete 7 VMs.*2 can, 5 cannot/);
    await dashboard.press("\r", 'Type "delete 2" to go on');
    await dashboard.press("delete 3\r", "nothing was done");
    expect(asked("DELETE")).toEqual([]);
    await dashboard.press("\r", 'Type "delete 2" to go on');
    await dashboard.press("delete 2\r", /delete: 2 done, 5 could not\./);
    expect(asked("DELETE").sort()).toEqual(["DELETE db-old", "DELETE spare"]);
    await dashboard.press(ESC, /5 marked/);
  }, TIMEOUT_MS);
});

describe("a destructive verb on one VM", () => {
  it("is judged before it is asked about", async () => {
    await using dashboard = await (await DashboardDriver.open({})).ready();
    await dashboard.press("/web-1\r", /1 of 1/);
    await dashboard.press("P", "Cut the power of web-1?");
    expect([dashboard.server.judged, dashboard.server.asked]).toEqual([["FORCE_OFF web-1"], []]);
    dashboard.terminal.send("P");
    await eventually("the power to be cut", () => dashboard.server.asked.includes("FORCE_OFF web-1"));
  }, TIMEOUT_MS);
});

describe("protection and labels", () => {
  it("K protects, and takes it back when pressed again; L sets labels and takes them away", async () => {
    await using dashboard = await (await DashboardDriver.open({})).ready();
    const put = (what: object): Promise<string | undefined> => eventually("the definition to be put", () => dashboard.server.asked.find((one) => one === `PUT web-1 ${JSON.stringify(what)}`));
    await dashboard.press("/web-1\r", /1 of 1/);
    dashboard.terminal.send("K");
    await put({ protected: true });
    await dashboard.press("L", /Labels of web-1: [^]*Now: none/);
    await dashboard.press("tier", /"tier" is neither key=value nor -key/);
    await dashboard.press("\r", /Labels of web-1: tier/);
    dashboard.terminal.send("=web shift=night\r");
    await put({ protected: true, labels: { tier: "web", shift: "night" } });
    await dashboard.press("L", /Now: tier=web shift=night/);
    dashboard.terminal.send("-shift\r");
    await put({ protected: true, labels: { tier: "web" } });
    dashboard.terminal.send("K");
    await put({ protected: false, labels: { tier: "web" } });
  }, TIMEOUT_MS);

  it("on marked VMs go by a plan", async () => {
    await using dashboard = await (await DashboardDriver.open({})).ready();
    await dashboard.press("  ", /2 marked/);
    const plan = await dashboard.press("K", /plan: protect 2 VMs.*all can/);
    expect(plan).toContain("protected: false → true");
    await dashboard.press("\r", /protect: 2 done/);
    await dashboard.press("z", /2 marked/);
    await dashboard.press("Ltier=x\r", /plan: label 2 VMs.*all can/);
    await dashboard.press("\r", /label: 2 done/);
  }, TIMEOUT_MS);
});

describe("u", () => {
  it("offers to undo the last that can be undone, and asks first", async () => {
    await using dashboard = await (await DashboardDriver.open({})).ready();
    await dashboard.press("u", "Nothing that was done lately can be undone");
    await dashboard.press("/web-1\r", /1 of 1/);
    await dashboard.press("p", /web-1 +paused/);
    await dashboard.press("u", /Undo\? resumes web-1\./);
    await dashboard.press("n", /^(?![^]*Undo\?)/);
    expect(dashboard.server.asked).not.toContain("RESUME web-1");
    await dashboard.press("u", /Undo\?/);
    await dashboard.press("u", /web-1 +running/);
    await dashboard.press("u", "Nothing that was done lately can be undone");
  }, TIMEOUT_MS);

  it("offers what was asked of several VMs as one, also when that was before this dashboard", async () => {
    await using server = await RecordedServer.open({});
    const pause = (id: string): Promise<Response> => fetch(`${server.url}/graphql`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ query: `mutation { pauseVm(input: { id: "${id}" }) { __typename } }` }) });
    for (const id of ["web-1", "web-2", "build-runner"]) expect((await pause(id)).status).toBe(200);
    await using dashboard = await (await DashboardDriver.open({ env: { RECORDED_URL: server.url } })).ready();
    const plan = await dashboard.press("u", /plan: undo 3 VMs.*all can/);
    for (const id of ["web-1", "web-2", "build-runner"]) expect(plan).toContain(`resumes ${id}.`);
    await dashboard.press("\r", /undo: 3 done/);
    expect(server.asked.slice(3).sort()).toEqual(["RESUME build-runner", "RESUME web-1", "RESUME web-2"]);
  }, TIMEOUT_MS);

  it("says first that what was done last cannot be undone, before it offers what was done before", async () => {
    await using dashboard = await (await DashboardDriver.open({})).ready();
    await dashboard.press("/web-1\r", /1 of 1/);
    await dashboard.press("p", /web-1 +paused/);
    await dashboard.press("n", /a new VM/);
    await dashboard.press("made-last", /can be made/);
    await dashboard.press("\r", /made-last is defined\. Start it now\?/);
    await dashboard.press("n", /^(?![^]*Start it now)/);
    await dashboard.press("u", /made-last, done last: What was lost cannot be\s+brought back\.\s+Undo\s+what\s+was\s+done\s+before\?\s+resumes\s+web-1\./);
    await dashboard.press("n", /^(?![^]*done before)/);
    expect(dashboard.server.asked).not.toContain("RESUME web-1");
  }, TIMEOUT_MS);

  it("says why nothing can be undone", async () => {
    await using dashboard = await (await DashboardDriver.open({})).ready();
    await dashboard.press("/web-1\r", /1 of 1/);
    await dashboard.press("P", "Cut the power of web-1?");
    await dashboard.press("P", /web-1 +stopped/);
    await dashboard.press("u", "cannot be brought back");
  }, TIMEOUT_MS);
});
