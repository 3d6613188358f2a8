// A person's own rule on real guests: it is raised for the one that works, found by the filter everywhere, outlives the
// server, and is over when the work is.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { endWith, type Ran, run, succeed } from "../support/run.js";
import { cliPath, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import { smallGuest, VmDriver } from "../support/vm.js";

/** Well above an idle guest and well below what a busy one gets on a machine that is shared. */
const CONDITION = "cpu>15 label=work";
const RULES_TO_BEGIN_WITH = ["crashed", "disk-latency-high", "guest-memory-low", "steal-high"];

let stack: Stack;
let busy: VmDriver;
let idle: VmDriver;
let screen: TerminalDriver;

const quetzal = (...args: readonly string[]): Promise<Ran> => run(process.execPath, [cliPath, ...args], { env: stack.clientEnv });
const listed = async (filter: string): Promise<string[]> => (JSON.parse((await succeed(quetzal("vm", "ls", "--filter", filter, "-o", "json"))).stdout) as { id: string }[]).map(({ id }) => id);
async function told(kind: string): Promise<{ vmId: string; message: string }[]> {
  const { events } = await stack.api.query<{ events: { events: { kind: string; vmId: string; message: string }[] } }>("{ events(last: 1000) { events { kind vmId message } } }");
  return events.events.filter((event) => event.kind === kind).map(({ vmId, message }) => ({ vmId, message }));
}

beforeAll(async () => {
  stack = await Stack.start();
  busy = await VmDriver.define(stack, smallGuest("busy-guest", { labels: { role: "work" } }));
  idle = await VmDriver.define(stack, smallGuest("idle-guest", { labels: { role: "work" } }));
  await Promise.all([busy.start(), idle.start()]);
  await Promise.all([busy.waitForBoot(), idle.waitForBoot()]);
  screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
  await screen.waitFor("idle-guest");
});
afterAll(async () => {
  await screen[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

describe("a rule of one's own", () => {
  it("takes the place of the rules to begin with, and is judged before it is made", async () => {
    // On a machine that is shared they may fire, and rightly so; this story is of one alert.
    for (const id of RULES_TO_BEGIN_WITH) await succeed(quetzal("alert", "rm", id));
    await eventually("both guests to be idle", async () => (await listed(CONDITION)).length === 0);
    const put = ["alert", "put", "hot", "--name", "Guest hot", "--where", CONDITION, "--for", "3", "--severity", "critical"];
    expect((await succeed(quetzal(...put, "--dry-run"))).stdout).toBe(`hot: would be ${CONDITION} for 3s, critical; 0 VMs pass now\n`);
    expect((await succeed(quetzal("alert", "rules"))).stdout).not.toContain("hot");
    expect((await endWith(2, quetzal("alert", "put", "hot", "--where", "cpu>lots"))).stderr).toContain("Column 5");
    await succeed(quetzal(...put));
  });

  it("is raised with the figure for the guest that works, and for no other", async () => {
    await busy.run("(while :; do :; done) & echo $! > /tmp/hog");
    await eventually("the alert", async () => (await told("ALERT_RAISED")).length > 0);
    const [alert, ...others] = await told("ALERT_RAISED");
    expect(others).toEqual([]);
    expect(alert?.vmId).toBe("busy-guest");
    expect(alert?.message).toMatch(/^Guest hot: cpu \d+(\.\d+)?% \(>15\) for 3 s\.$/);
    expect((await succeed(quetzal("alert", "ls"))).stdout).toMatch(/critical +busy-guest /);
  });

  it("is counted in the dashboard's header, and / finds the guest by alert and by figure", async () => {
    await screen.waitFor(/▲ 1 alert\b/);
    screen.send("/alert:critical\r");
    await screen.waitFor(/^(?![\s\S]*idle-guest)[\s\S]*busy-guest +running/);
    screen.send("\x1b");
    await screen.waitFor("idle-guest");
    screen.send("/cpu>15 state:run\r");
    await screen.waitFor(/^(?![\s\S]*idle-guest)[\s\S]*busy-guest +running/);
    screen.send("\x1b");
    await screen.waitFor("idle-guest");
    expect(await listed("alert:hot")).toEqual(["busy-guest"]);
    expect(await listed("label.role=work -alert:yes")).toEqual(["idle-guest"]);
  });

  it("marks in the dashboard the place where a text is no filter, and keeps what was shown", async () => {
    screen.send("/cpu>lots");
    await screen.waitFor(/Column 5: cpu expects a number/);
    await screen.waitFor("idle-guest");
    screen.send("\x1b");
    await screen.waitFor(/\/ filter/);
  });

  it("outlives the server without being raised again", async () => {
    await stack.server?.end("SIGKILL");
    await screen.waitFor(/no server for/);
    await stack.startServer();
    await screen.waitFor(/▲ 1 alert\b/);
    // Long enough for a rule of three seconds to be raised anew, if it had been forgotten.
    const seen: unknown[] = [];
    for await (const tick of stack.api.subscribe<object>("subscription { metrics { time } }")) if (seen.push(tick) >= 6) break;
    expect(await told("ALERT_RAISED")).toHaveLength(1);
    expect(await told("ALERT_CLEARED")).toEqual([]);
  });

  it("is over when the guest has come to rest, with the figure", async () => {
    await busy.run("kill $(cat /tmp/hog)");
    await eventually("the end of the alert", async () => (await told("ALERT_CLEARED")).length === 1);
    expect((await told("ALERT_CLEARED"))[0]?.message).toMatch(/^Guest hot is over: cpu \d+(\.\d+)?% \(>15\)\.$/);
    await screen.waitFor(/^(?![\s\S]*▲ 1 alert)[\s\S]*busy-guest/);
    expect(await listed("alert:yes")).toEqual([]);
    expect(await told("ALERT_RAISED")).toHaveLength(1);
  });
});
