// The dashboard in a real pseudo-terminal over a real guest: what a person does on the first day.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cliPath, Stack } from "../support/stack.js";
import { TerminalDriver } from "../support/terminal.js";
import { smallGuest, VmDriver } from "../support/vm.js";

let stack: Stack;
let vm: VmDriver;
let screen: TerminalDriver;
const ESCAPE = "\u001b";
const LEAVE_CONSOLE = "\u001d";

beforeAll(async () => {
  stack = await Stack.start();
  vm = await VmDriver.define(stack, smallGuest("story-screen", { vcpus: 2 }));
  screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
});
afterAll(async () => {
  await screen[Symbol.asyncDispose]();
  await stack[Symbol.asyncDispose]();
});

describe("the dashboard", () => {
  it("shows the VM and its state", async () => {
    expect(await screen.waitFor("story-screen")).toMatch(/story-screen\s+(defined|stopped)/);
  });

  it("starts the selected VM with s", async () => {
    screen.send("s");
    await screen.waitFor(/story-screen\s+running/);
    await vm.waitForBoot();
  });

  it("shows on the VM's tabs what is measured of the real guest", async () => {
    screen.send("\r");
    await screen.waitFor("› story-screen");
    screen.send("2");
    await screen.waitFor(/vCPU +used steal%[\s\S]*^ +0 +\d+\.\d[\s\S]*^ +1 +\d+\.\d/m);
    screen.send("3");
    // Each of the four figures by its own way: the definition, QMP, the guest's driver, /proc.
    await screen.waitFor(/configured +\d[\s\S]*balloon actual +\d[\s\S]*guest available +\d[\s\S]*host resident +\d/, 60_000);
    screen.send("6");
    await screen.waitFor(/console, last lines[\s\S]*QuetzalCore guest ready/);
    screen.send("7");
    await screen.waitFor(/events, newest first[\s\S]*running[\s\S]*operations, newest first[\s\S]*start +story-screen +succeeded/);
    screen.send("8");
    await screen.waitFor(/"memory_mb"/);
    screen.send("1%");
    await screen.waitFor(/CPU, % of 2 vCPUs/);
    screen.send("%");
    await screen.waitFor(/CPU, % of a core/);
    screen.send(ESCAPE);
    await screen.waitFor(/NAME\s+STATE/);
  });

  it("shows hosts, a comparison and its own log", async () => {
    screen.send("h");
    await screen.waitFor(/── host [\s\S]*cores %[\s\S]*\d[\s\S]*memory +[\s\S]*avail/);
    screen.send("=");
    await screen.waitFor(/compared[\s\S]*1 +story-screen +running/);
    screen.send("l");
    await screen.waitFor(/log of this dashboard[\s\S]*Connected as admin/);
    for (const back of [/compared/, /── host /, /NAME\s+STATE/]) {
      screen.send(ESCAPE);
      await screen.waitFor(back);
    }
  });

  it("opens the console with c, where the guest's shell answers nproc with 2", async () => {
    screen.send("c");
    await screen.waitFor("QuetzalCore guest ready");
    screen.send("\rnproc\r");
    await screen.waitFor(/nproc[^\n]*\n[^\n]*\b2\b/);
  });

  it("leaves the console with Ctrl-]", async () => {
    screen.send(LEAVE_CONSOLE);
    await screen.waitFor(/^(?![\s\S]*Ctrl-\] leave)[\s\S]*story-screen\s+running/);
  });

  it("pauses and resumes with p", async () => {
    screen.send("p");
    await screen.waitFor(/story-screen\s+paused/);
    screen.send("p");
    await screen.waitFor(/story-screen\s+running/);
  });

  it("says why a verb cannot be done", async () => {
    screen.send("s");
    await screen.waitFor(/start: .*(?:is running|runs)/);
  });

  it("shows the VM's page with Enter and comes back with Escape", async () => {
    screen.send("\r");
    await screen.waitFor("› story-screen");
    screen.send(ESCAPE);
    await screen.waitFor(/NAME\s+STATE/);
  });

  it("shows events, operations and help", async () => {
    screen.send("e");
    await screen.waitFor(/events, newest first[\s\S]*story-screen.*running/);
    screen.send("?");
    await screen.waitFor(/── keys ─[\s\S]*This page, events[\s\S]*Everywhere/);
    // Esc goes back page by page, to the one that help explained first.
    screen.send(ESCAPE);
    await screen.waitFor(/events, newest first/);
    screen.send("o");
    await screen.waitFor(/operations, newest first/);
    screen.send(ESCAPE);
    await screen.waitFor(/events, newest first/);
    screen.send(ESCAPE);
    await screen.waitFor(/NAME\s+STATE/);
  });

  it("filters with /", async () => {
    screen.send("/zzz\r");
    await screen.waitFor("No VM matches /zzz");
    screen.send(ESCAPE);
    await screen.waitFor("story-screen");
  });

  it("follows a resize", async () => {
    screen.resize(200, 50);
    await screen.waitFor(/story-screen[\s\S]*disk latency[\s\S]*last lines of its console[\s\S]*nproc/);
    screen.resize(120, 40);
    await screen.waitFor(/story-screen[\s\S]*CPU, % of a core[\s\S]*net, B\/s/);
    screen.resize(80, 24);
    await screen.waitFor("story-screen");
  });

  it("deletes a stopped VM behind its typed name", async () => {
    await vm.forceOff();
    await screen.waitFor(/story-screen\s+stopped/);
    screen.send("d");
    await screen.waitFor(/type/i);
    screen.send("story-screen\r");
    await screen.waitFor(/^(?![\s\S]*story-screen\s+stopped)[\s\S]*$/);
    expect(await vm.show()).toBeNull();
  });

  it("leaves the terminal as it was", async () => {
    screen.send("q");
    expect(await screen.waitForExit()).toBe(0);
    expect(screen.onAlternateScreen).toBe(false);
    expect(screen.raw).toContain(`${ESCAPE}[?25h`);
  });

  it("leaves the terminal as it was when it is told to end", async () => {
    await using other = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
    await other.waitFor(/NAME\s+STATE|no VM/i);
    process.kill(other.pid, "SIGTERM");
    await other.waitForExit();
    expect(other.onAlternateScreen).toBe(false);
  });
});
