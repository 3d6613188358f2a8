// A private libvirt for one suite: a session daemon with folders of its own, never the system's. It and every QEMU that it
// starts live in a process namespace that ends with this run, however that ends.
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { ordinaryUser } from "../../support/ordinary-user.js";
import { eventually } from "../../support/process.js";
import { guestImagesDir } from "../../support/stack.js";
import { whenInterrupted } from "../endings.js";
import { childPids, commandLine } from "../process-cost.js";
import { domainXml, type Machine } from "./domain.js";
import { HeldVirsh } from "./held-virsh.js";
import { findLibvirt, type LibvirtPrograms } from "./presence.js";

/**
 * The namespace's first process. It ends, and the kernel everything below it, when its standard input does; and it reaps
 * at once what libvirt leaves to it, as a host's own init does: libvirt's destroy waits until QEMU is reaped.
 */
const FIRST_PROCESS = 'exec 3<&0; "$@" </dev/null 3<&- & daemon=$!; { read -r line <&3; kill -9 "$daemon"; } & wait "$daemon"';
/** The default asks for a second daemon (virtlogd) and for a security driver that hosts differ in. */
const QEMU_CONFIGURATION = 'stdio_handler = "file"\nsecurity_driver = "none"\n';

/** Says why libvirt, though installed, is missing from what follows: our own figures are not lost over a peer's failure. */
export function noPeer(error: unknown): undefined {
  console.error(`bench: libvirt is installed but no peer here: ${error instanceof Error ? error.message : String(error)}`);
  return undefined;
}

export class Libvirt implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "qzlv-")); // Short: a unix socket's path stays below 107 bytes.
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;
  #hasEnded: () => void = () => undefined;
  daemonPid = 0;

  private constructor(readonly programs: LibvirtPrograms) {
    const folder = (name: string): string => join(this.#folder, name);
    this.#env = { ...process.env, LC_ALL: "C", HOME: this.#folder, XDG_RUNTIME_DIR: folder("run"), XDG_CONFIG_HOME: folder("config"), XDG_CACHE_HOME: folder("cache"), XDG_DATA_HOME: folder("data") };
  }

  /** Undefined where libvirt is not installed; where it would not start too, which is said: a peer is not the product. */
  static async startIfPresent(): Promise<Libvirt | undefined> {
    const programs = findLibvirt();
    if (programs === undefined) return undefined;
    try {
      return await Libvirt.start(programs);
    } catch (error) {
      noPeer(error);
      return undefined;
    }
  }

  static async start(programs: LibvirtPrograms): Promise<Libvirt> {
    const libvirt = new Libvirt(programs);
    libvirt.#hasEnded = whenInterrupted(() => libvirt[Symbol.asyncDispose]());
    try {
      await libvirt.#start();
      return libvirt;
    } catch (error) {
      await libvirt[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(): Promise<void> {
    for (const name of ["run", "config/libvirt", "cache", "data"]) mkdirSync(join(this.#folder, name), { recursive: true });
    writeFileSync(join(this.#folder, "config/libvirt/qemu.conf"), QEMU_CONFIGURATION);
    // As root libvirt is the system's instance whatever the URI says, so it runs as an ordinary user.
    if (ordinaryUser !== undefined) execFileSync("chown", ["-R", `${ordinaryUser.uid}:${ordinaryUser.gid}`, this.#folder]);
    const user = ordinaryUser === undefined ? ["--user", "--map-current-user"] : ["--setuid", String(ordinaryUser.uid), "--setgid", String(ordinaryUser.gid)];
    const logFile = join(this.#folder, "daemon.log");
    const log = openSync(logFile, "a", 0o600);
    const child = spawn("unshare", [...user, "--pid", "--fork", "--mount-proc", "--", "sh", "-c", FIRST_PROCESS, "sh", this.programs.daemon], { cwd: "/", env: this.#env, stdio: ["pipe", log, log] });
    closeSync(log);
    let failure = "";
    child.once("error", (error) => { failure = error.message; });
    child.stdin?.on("error", () => undefined); // It may end before we end it.
    this.#child = child;
    const socket = this.#socket;
    this.daemonPid = await eventually(`${this.programs.daemon} to listen on ${socket}`, () => {
      if (child.pid === undefined || hasEnded(child)) return -1;
      return existsSync(socket) && this.#findDaemon(child.pid);
    });
    if (this.daemonPid < 0) throw new Error(`${this.programs.daemon} ended at its start: ${failure}${readFileSync(logFile, "utf8").slice(-2000)}`);
  }

  /** unshare's child is the namespace's first process, and one of its children the daemon. */
  #findDaemon(unshare: number): number | undefined {
    return childPids(unshare).flatMap(childPids).find((pid) => commandLine(pid).split("\0")[0] === this.programs.daemon);
  }

  get #socket(): string { return join(this.#folder, "run/libvirt", `${basename(this.programs.daemon).replace("libvirtd", "libvirt")}-sock`); }
  get uri(): string { return `qemu:///session?socket=${this.#socket}&mode=direct`; }
  /** For programs that connect to this instance. */
  get env(): NodeJS.ProcessEnv { return this.#env; }

  open(): Promise<HeldVirsh> { return HeldVirsh.open(this.programs.virsh, this.uri, this.#env); }

  /** A machine that idles in its firmware, as `bareGuest` and the raw peer's. */
  bareMachine(name: string): Machine {
    return { name, memoryMebibytes: 32, serialSocket: join(this.#folder, "run", `${name}.sock`), boot: null };
  }

  /** A machine that boots the bundled guest, as `smallGuest`. */
  bootingMachine(name: string, memoryMebibytes: number): Machine & { boot: object } {
    const images = join(this.#folder, "images"); // Copied: the cache lies in a home that the other user cannot enter.
    if (!existsSync(images)) cpSync(guestImagesDir(), images, { recursive: true });
    const image = (file: string): string => join(images, "quetzal-guest", file);
    return {
      ...this.bareMachine(name),
      memoryMebibytes,
      boot: { kernel: image("vmlinuz"), initrd: image("initrd.img"), cmdline: "console=ttyS0 quiet", serialLog: join(this.#folder, "run", `${name}.log`) },
    };
  }

  async define(virsh: HeldVirsh, machine: Machine): Promise<void> {
    const file = join(this.#folder, `${machine.name}.xml`);
    writeFileSync(file, domainXml(machine));
    await virsh.ask(`define ${file}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child?.pid !== undefined && !hasEnded(child)) {
      const gone = once(child, "exit");
      child.stdin?.end();
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
    this.#hasEnded();
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
