// The peer that is always there: QEMU itself, driven over QMP with nothing of ours in between.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, existsSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { whenInterrupted } from "./endings.js";

/** Pause between two looks for QEMU's socket: short against the 45 ms that a start takes. */
const LOOK_AGAIN_MS = 1;

export class RawQemu {
  private constructor(private readonly child: ChildProcess, private readonly qmp: Qmp, readonly folder: string, private readonly hasEnded: () => void) {}

  /** Starts QEMU stopped, shakes hands and lets it run, exactly as the daemon does. Resolves when QMP says running. */
  static async start(args: readonly string[]): Promise<RawQemu> {
    const folder = mkdtempSync(join(tmpdir(), "qzraw-"));
    const socket = join(folder, "qmp.sock");
    const filled = args.map((arg) => arg.replaceAll("@FOLDER@", folder));
    const child = spawn("qemu-system-x86_64", [...filled, "-qmp", `unix:${socket},server=on,wait=off`, "-S"], { stdio: "ignore" });
    const hasEnded = whenInterrupted(() => {
      child.kill("SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    });
    while (!existsSync(socket)) {
      if (child.exitCode !== null) throw new Error(`raw QEMU exited ${child.exitCode} at its start`);
      await delay(LOOK_AGAIN_MS);
    }
    const qmp = await Qmp.connect(socket);
    await qmp.execute("cont");
    const status = (await qmp.execute("query-status")) as { status: string };
    if (status.status !== "running") throw new Error(`raw QEMU is ${status.status} after cont`);
    return new RawQemu(child, qmp, folder, hasEnded);
  }

  get pid(): number { return this.child.pid as number; }

  /** Kills QEMU; resolves when it is gone. */
  async kill(): Promise<void> {
    const gone = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await gone;
    this.qmp.close();
    rmSync(this.folder, { recursive: true, force: true });
    this.hasEnded();
  }
}

/** QEMU binds its socket a moment before it listens: in between, a caller is refused. */
async function dial(path: string): Promise<Socket> {
  for (;;) {
    const socket = createConnection(path);
    try {
      await once(socket, "connect");
      return socket;
    } catch (error) {
      socket.destroy();
      if ((error as NodeJS.ErrnoException).code !== "ECONNREFUSED") throw error;
      await delay(LOOK_AGAIN_MS);
    }
  }
}

class Qmp {
  private buffer = "";
  private waiting: ((answer: unknown) => void)[] = [];
  private constructor(private readonly socket: Socket) {
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.take(text));
    socket.on("error", () => undefined); // The peer is killed on purpose.
  }

  static async connect(path: string): Promise<Qmp> {
    const qmp = new Qmp(await dial(path));
    await qmp.execute("qmp_capabilities");
    return qmp;
  }

  execute(command: string): Promise<unknown> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.socket.write(`${JSON.stringify({ execute: command })}\n`);
    });
  }

  close(): void { this.socket.destroy(); }

  private take(text: string): void {
    this.buffer += text;
    let end = this.buffer.indexOf("\n");
    for (; end >= 0; end = this.buffer.indexOf("\n")) {
      const message = JSON.parse(this.buffer.slice(0, end)) as { return?: unknown };
      this.buffer = this.buffer.slice(end + 1);
      if ("return" in message) this.waiting.shift()?.(message.return);
    }
  }
}
