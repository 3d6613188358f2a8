// Memory and vCPUs as a person meets them in the dashboard: where memory is, each key that changes a target with its
// effect told first, marked VMs by a plan, and undoing. In a real pseudo-terminal, against the recorded server.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DashboardDriver } from "./support/dashboard.js";

const TIMEOUT_MS = 60_000;
const ESC = "\x1b";
const MIB = 1024 ** 2;

describe("keys of memory and vCPUs", () => {
  let dashboard: DashboardDriver;
  beforeAll(async () => {
    dashboard = await (await DashboardDriver.open({})).ready();
  }, TIMEOUT_MS);
  afterAll(() => dashboard[Symbol.asyncDispose](), TIMEOUT_MS);

  const nothingAsked = (kind: string): void => expect(dashboard.server.asked.filter((one) => one.startsWith(kind))).toEqual([]);

  it("b tells the effect of a balloon target while it is typed, why one cannot be, and Esc does nothing", async () => {
    await dashboard.choose("web-1");
    await dashboard.press("b", /Balloon target of web-1 \(now 256M; from 128M to 256M\):/);
    await dashboard.press("2", /▲ The target is 128 to 256 MiB, not 2\./);
    await dashboard.press("00M", /Leaves the guest of web-1 200 MiB \(now 256 MiB\); about \d+ MiB come free/);
    // What cannot be is not asked for: the line stays to be mended.
    await dashboard.press("\x15900M", /▲ The target is 128 to 256 MiB, not 900\./);
    await dashboard.press("\r\x7f", /: 900\s*\n Write how much|: 900\s*\n ▲ The target/);
    await dashboard.press(ESC, /by CPU/);
    nothingAsked("SET_VM_BALLOON");
  }, TIMEOUT_MS);

  it("Enter sets it, and u takes it back", async () => {
    await dashboard.choose("web-1");
    await dashboard.press("b200M", /come free/);
    dashboard.terminal.send("\r");
    await dashboard.asked(`SET_VM_BALLOON web-1 ${200 * MIB}`);
    await dashboard.press("u", /Undo\? .*256/);
    dashboard.terminal.send("u");
    await dashboard.asked(`SET_VM_BALLOON web-1 ${256 * MIB}`);
  }, TIMEOUT_MS);

  it("B grows what can grow, and says of what cannot why", async () => {
    await dashboard.choose("build-runner");
    await dashboard.press("B3G", /Memory size of build-runner \(now 2\.00G; up to 4\.00G\)[^]*Plugs 1\.0 GiB into the guest/);
    dashboard.terminal.send("\r");
    await dashboard.asked(`RESIZE_VM_MEMORY build-runner ${3072 * MIB}`);
    await dashboard.choose("web-2");
    await dashboard.press("B", /Memory size of web-2 \(now 256M; up to 256M\)/);
    await dashboard.press(ESC, /by CPU/);
    // Now that its limits are known, the key says so by itself.
    await dashboard.press("B", /memory size: It can have no other memory than it booted with/);
  }, TIMEOUT_MS);

  it("# asks for vCPUs within the limits", async () => {
    await dashboard.choose("build-runner");
    await dashboard.press("#4", /vCPUs of build-runner \(now 2; 1 to 4\)[^]*Gives build-runner 4 vCPUs \(now 2\)/);
    dashboard.terminal.send("\r");
    await dashboard.asked("SET_VM_VCPUS build-runner 4");
    await dashboard.press("#9", /▲ The target is 1 to 4 vCPUs, not 9\./);
    await dashboard.press(ESC, /by CPU/);
  }, TIMEOUT_MS);

  it("z pages out so much, or all when nothing is typed", async () => {
    await dashboard.choose("test-vm-001");
    await dashboard.press("z", /Pages up to .* of the memory of test-vm-001 out/);
    dashboard.terminal.send("\r");
    await dashboard.asked("PAGE_OUT_VM test-vm-001 all");
    await dashboard.press("z64M", /Pages up to 64 MiB/);
    dashboard.terminal.send("\r");
    await dashboard.asked(`PAGE_OUT_VM test-vm-001 ${64 * MIB}`);
  }, TIMEOUT_MS);

  it("A goes through off, recommend and on", async () => {
    await dashboard.choose("build-runner");
    await dashboard.press("\r", "1 graphs");
    await dashboard.press("3", /A control +recommend/);
    await dashboard.press("A", /Memory control of build-runner \(now recommend\): off +recommend +on/);
    await dashboard.press("\r", /A control +on/);
    expect(dashboard.server.asked).toContain("CONTROL build-runner ON");
    await dashboard.press("A", /\(now on\)/);
    await dashboard.press("\t", /\(now on\)/);
    dashboard.terminal.send("\r");
    await dashboard.asked("CONTROL build-runner RECOMMEND");
  }, TIMEOUT_MS);

  it("say of a VM that does not run that they are for one that does", async () => {
    await dashboard.choose("spare");
    for (const [key, label] of [["b", "balloon"], ["B", "memory size"], ["#", "vCPUs"], ["z", "page out"]] as const) await dashboard.press(key, `${label}: It is stopped; this is for a VM that runs.`);
  }, TIMEOUT_MS);

  it("go to the marked VMs by a plan, as shares of each one's own memory", async () => {
    await dashboard.home();
    await dashboard.press("/web", "/web");
    await dashboard.press("\r*", /2 marked/);
    await dashboard.press("b75%", /Balloon target of 2 VMs: 75%[^]*Enter shows of each VM what would come of it/);
    const plan = await dashboard.press("\r", /plan: balloon 2 VMs.*all can/);
    expect(plan).toMatch(/◆ web-2 +Leaves the guest of web-2 192 MiB[^]*◆ web-1 +Leaves the guest of web-1 192 MiB/);
    nothingAsked(`SET_VM_BALLOON web-2`);
    await dashboard.press("\r", /balloon: 2 done\./);
    await dashboard.asked(`SET_VM_BALLOON web-2 ${192 * MIB}`);
  }, TIMEOUT_MS);

  it(": finds them by name", async () => {
    await dashboard.choose("web-1");
    await dashboard.press(":balloon", /^ b +balloon +What the balloon leaves the guest/m);
    await dashboard.press("\r", "Balloon target of web-1");
    await dashboard.press(ESC, /by CPU/);
    await dashboard.press(":vcpus", /^ # +vCPUs/m);
  }, TIMEOUT_MS);
});

describe("the memory page", () => {
  it("opens by m from anywhere, is walked and sorted, and Enter goes to the VM's memory", async () => {
    await using dashboard = await (await DashboardDriver.open({})).ready();
    await dashboard.press("e", "events, newest first");
    await dashboard.press("m", /memory of lab1, 23\.4G[^]*VMs by cost[^]*balloon 1\.60G to 1\.50G/);
    await dashboard.press(">", "VMs by saved");
    await dashboard.press("<", "VMs by cost");
    await dashboard.press("g", /1 of 7/);
    await dashboard.press("j", /2 of 7/);
    await dashboard.press("\r", /3 memory[^]*its memory, /);
    await dashboard.press(ESC, /VMs by cost/);
    await dashboard.press("m", "events, newest first");
  }, TIMEOUT_MS);

  it("says what is off and the command that turns it on", async () => {
    await using dashboard = await (await DashboardDriver.open({})).ready();
    dashboard.server.memory.isOn = false;
    const shown = await dashboard.press("m", /off, set by the host: quetzal memory host --ksm tuned/);
    expect(shown).toMatch(/controller +off: quetzal memory host --control on/);
    expect(shown).toContain("The controller is off. To turn it on: quetzal memory host --control on");
  }, TIMEOUT_MS);

  it("of a viewer says with each key which role it needs", async () => {
    await using dashboard = await (await DashboardDriver.open({ role: "VIEWER" })).ready();
    await dashboard.press("m", /VMs by cost/);
    await dashboard.press("b", "balloon: It needs the role operator; yours is viewer.");
    await dashboard.press("A", "control: It needs the role admin; yours is viewer.");
  }, TIMEOUT_MS);
});
