// Stories of `quetzal console` in a real pseudo-terminal, against a scripted port.
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ClientBundle } from "../support/client-bundle.js";
import { eventually } from "../support/process.js";
import { ScriptedConsole } from "../support/scripted-console.js";
import { ScriptedServer } from "../support/scripted-server.js";
import { TerminalDriver } from "../support/terminal.js";

const bundle = new ClientBundle();

const TIMEOUT_MS = 30_000;

async function attach(server: ScriptedServer, ...args: string[]): Promise<TerminalDriver> {
  const terminal = new TerminalDriver(process.execPath, [bundle.path, "console", "vm", ...args], { env: server.environment });
  await terminal.waitFor("Ctrl-] leaves");
  return terminal;
}

/** A shell around the program, to see what it leaves of the terminal. */
function inShell(server: ScriptedServer): TerminalDriver {
  return new TerminalDriver("/bin/sh", ["-c", `${process.execPath} ${bundle.path} console vm; echo code=$?; stty -a | grep -o -- '-\\?icanon\\|-\\?echo '; sleep 60`], { env: server.environment });
}

describe("console", { timeout: TIMEOUT_MS }, () => {
  it("replays what was printed before, echoes keys, and leaves the terminal clean at Ctrl-]", async () => {
    const port = new ScriptedConsole();
    port.print("Welcome to the guest\r\n/ # ");
    await using server = await ScriptedServer.start(port.script());
    await using terminal = inShell(server);
    await terminal.waitFor("Welcome to the guest");
    terminal.send("nproc\r");
    await terminal.waitFor("/ # nproc");
    terminal.send("\x1d");
    const screen = await terminal.waitFor("echo");
    expect(screen).toMatch(/left vm[^]*code=0[^]*^icanon$[^]*^echo/m);
    expect(port.typed).toBe("nproc\r");
    await eventually("the pen to be given up", () => port.writer === null);
  });

  it("loses and doubles nothing when the connection breaks in the middle, and sends keys typed meanwhile", async () => {
    const port = new ScriptedConsole();
    await using server = await ScriptedServer.start(port.script());
    await using terminal = await attach(server);
    port.print("one ");
    await terminal.waitFor("one");
    await server.kill();
    await terminal.waitFor("connection to the server is lost");
    port.print("two ");
    terminal.send("K");
    await server.start();
    await terminal.waitFor("connected again");
    await eventually("the key to arrive", () => port.typed === "K");
    port.print("three");
    await terminal.waitFor("three");
    expect(terminal.raw.replace(/(\r\n)?\[quetzal: [^\n]*\]\r\n/g, "")).toBe("one two Kthree");
    expect(port.askedOffsets).toEqual([null, 4]);
    expect(port.typed).toBe("K");
  });

  it("streams 4 MB through many cut connections without losing a byte", async () => {
    const port = new ScriptedConsole();
    await using server = await ScriptedServer.start(port.script());
    const lines = Array.from({ length: 70_000 }, (_, i) => `line ${i} `.padEnd(58, "."));
    const expected = lines.join("\r\n") + "\r\nEND";
    const program = spawn(process.execPath, [bundle.path, "console", "vm", "--read-only"], { env: server.environment, stdio: ["ignore", "pipe", "ignore"] });
    const chunks: Buffer[] = [];
    program.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    await eventually("the first reader", () => port.askedOffsets.length > 0);
    const cutting = setInterval(() => server.cut(), 150);
    try {
      for (let at = 0; at < expected.length; at += 100_000) {
        port.print(expected.slice(at, at + 100_000));
        await sleep(15);
      }
      await eventually("the last line", () => chunks.at(-1)?.toString().endsWith("END"), TIMEOUT_MS);
    } finally {
      clearInterval(cutting);
      program.kill("SIGKILL");
    }
    const shown = Buffer.concat(chunks).toString();
    expect(shown.length).toBe(expected.length);
    expect(shown === expected).toBe(true);
    expect(port.askedOffsets.length).toBeGreaterThan(1);
  });

  it.each([["nothing", ""], ["a line", "nproc\n"]])("ends after a pipe with %s, once it has shown what is there", async (_, typed) => {
    const port = new ScriptedConsole();
    port.print("booted\r\n# ");
    await using server = await ScriptedServer.start(port.script());
    const program = spawn(process.execPath, [bundle.path, "console", "vm"], { env: server.environment, stdio: ["pipe", "pipe", "pipe"] });
    try {
      let shown = "";
      program.stdout.on("data", (chunk: Buffer) => { shown += chunk.toString(); });
      program.stderr.resume();
      const ended = new Promise<number | null>((resolve) => program.once("close", resolve));
      program.stdin.end(typed);
      expect(await ended).toBe(0);
      expect(shown).toContain(`booted\r\n# ${typed.replace("\n", "")}`);
      expect(port.typed).toBe(typed);
    } finally {
      program.kill("SIGKILL");
    }
  });

  it("says who writes, takes the pen with Ctrl-T, and notices when it is taken away", async () => {
    const port = new ScriptedConsole();
    port.setWriter("bob@lab1");
    await using server = await ScriptedServer.start(port.script());
    await using terminal = await attach(server);
    await terminal.waitFor("bob@lab1 writes here and you watch: Ctrl-T takes the pen");
    terminal.send("ignored");
    terminal.send("\x14");
    await terminal.waitFor("you write now");
    terminal.send("mine");
    await terminal.waitFor("mine");
    expect(port.typed).toBe("mine");
    port.setWriter("carol@lab1");
    await terminal.waitFor("carol@lab1 writes here");
    terminal.send("\x1d");
    expect(await terminal.waitForExit()).toBe(0);
    expect(port.writer).toBe("carol@lab1");
  });

  it("takes the pen at once with --take, and never writes with --read-only", async () => {
    const port = new ScriptedConsole();
    port.setWriter("bob");
    await using server = await ScriptedServer.start(port.script());
    await using taking = await attach(server, "--take");
    await eventually("the pen", () => port.writer !== "bob");
    await using watching = await attach(server, "--read-only");
    await watching.waitFor("writes here and you watch");
    watching.send("no");
    watching.send("\x1d");
    expect(await watching.waitForExit()).toBe(0);
    taking.send("yes\x1d");
    expect(await taking.waitForExit()).toBe(0);
    expect(port.typed).toBe("yes");
  });

  it("ends with the VM, and puts the terminal back after SIGTERM and after a full-screen program of the guest", async () => {
    const port = new ScriptedConsole();
    await using server = await ScriptedServer.start(port.script());
    await using first = await attach(server);
    port.print("bye");
    port.close();
    await first.waitFor("vm has ended: QEMU exited 0.");
    expect(await first.waitForExit()).toBe(0);

    const other = new ScriptedConsole();
    await using second = await ScriptedServer.start(other.script());
    await using terminal = await attach(second);
    other.print("\x1b[?1049h\x1b[?25leditor");
    await terminal.waitFor("editor");
    process.kill(terminal.pid, "SIGTERM");
    expect(await terminal.waitForExit()).toBe(143);
    expect(terminal.onAlternateScreen).toBe(false);
    expect(terminal.raw).toContain("\x1b[?25h");
  });

  it("keeps the guest from reaching past the screen", async () => {
    const port = new ScriptedConsole();
    port.print("a\x1b]0;owned\x07b\x1b]52;c;b3duZWQ=\x07c");
    await using server = await ScriptedServer.start(port.script());
    await using terminal = await attach(server);
    await terminal.waitFor("abc");
    expect(terminal.raw).not.toContain("owned");
  });

  it("refuses what has no console, before it touches the terminal", async () => {
    const port = new ScriptedConsole();
    await using server = await ScriptedServer.start(port.script({ id: "vm", name: "vm", state: "STOPPED" }));
    await using stopped = new TerminalDriver(process.execPath, [bundle.path, "console", "vm"], { env: server.environment });
    await stopped.waitFor("quetzal: vm is stopped and has no console");
    expect(await stopped.waitForExit()).toBe(4);
    await using missing = new TerminalDriver(process.execPath, [bundle.path, "console", "other"], { env: server.environment });
    expect(await missing.waitForExit()).toBe(3);
  });
});
