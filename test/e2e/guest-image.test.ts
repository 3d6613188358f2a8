// The guest image alone, under raw QEMU: whatever fails here is the image's fault and not the product's.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { eventually } from "../support/process.js";
import { guestImagesDir } from "../support/stack.js";

const DISK_BYTES = 64 * 2 ** 20;
const READY = "QuetzalCore guest ready";
const PROMPT = "/ # ";

/** A line to the guest: what came is kept, what is asked for is waited for. */
class Line {
  #text = "";
  private constructor(readonly socket: Socket) {
    socket.on("data", (bytes: Buffer) => (this.#text += bytes.toString("utf8")));
    socket.on("error", () => undefined);
  }
  static async open(path: string): Promise<Line> {
    return new Line(await eventually(path, () => new Promise<Socket>((resolve, reject) => {
      const socket = connect(path, () => { resolve(socket); });
      socket.once("error", reject);
    })));
  }
  /** What has come up to and with `end`; it is taken out. */
  async until(end: string): Promise<string> {
    const length = await eventually(`"${end}" from the guest`, () => (this.#text.includes(end) ? this.#text.indexOf(end) + end.length : undefined));
    const taken = this.#text.slice(0, length);
    this.#text = this.#text.slice(length);
    return taken;
  }
  async run(command: string): Promise<string> {
    this.socket.write(`${command}\n`);
    const answer = await this.until(PROMPT);
    return answer.slice(answer.indexOf("\n") + 1, -PROMPT.length).trim();
  }
}

let dir = "";
let qemu: ChildProcess | undefined;
afterEach(async () => {
  const child = qemu;
  if (child?.exitCode === null && child.signalCode === null) {
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
  }
  rmSync(dir, { recursive: true, force: true });
});

function boot(machine: string): void {
  dir = mkdtempSync(join(tmpdir(), "qz-"));
  const disk = join(dir, "disk.img");
  writeFileSync(disk, "");
  truncateSync(disk, DISK_BYTES);
  const images = join(guestImagesDir(), "quetzal-guest");
  const chardev = (id: string): string[] => ["-chardev", `socket,id=${id},path=${join(dir, id)},server=on,wait=off`];
  qemu = spawn("qemu-system-x86_64", [
    "-nodefaults", "-no-user-config", "-display", "none", "-machine", machine, "-accel", "tcg,tb-size=32", "-smp", "2", "-m", "128",
    "-kernel", join(images, "vmlinuz"), "-initrd", join(images, "initrd.img"), "-append", "console=ttyS0 quiet", "-S",
    ...chardev("serial"), "-serial", "chardev:serial", "-device", "virtio-serial-pci",
    ...chardev("hvc"), "-device", "virtconsole,chardev=hvc",
    ...chardev("agent"), "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
    "-blockdev", `driver=raw,node-name=disk,file.driver=file,file.filename=${disk}`, "-device", "virtio-blk-pci,drive=disk",
    "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net", "-device", "virtio-balloon-pci",
    "-qmp", `unix:${join(dir, "qmp")},server=on,wait=off`,
  ], { stdio: "ignore" });
}

async function openMonitor(): Promise<Line> {
  const monitor = await Line.open(join(dir, "qmp"));
  await monitor.until("}}\r\n");
  monitor.socket.write('{"execute":"qmp_capabilities"}');
  await monitor.until("}\r\n");
  return monitor;
}

describe.each(["q35", "pc"])("on %s", (machine) => {
  it("boots to a shell with two CPUs, its disk, NIC and balloon, and powers down when asked", async () => {
    boot(machine);
    const serial = await Line.open(join(dir, "serial"));
    const monitor = await openMonitor();
    monitor.socket.write('{"execute":"cont"}');
    await serial.until(READY);
    await serial.until(PROMPT);
    expect(await serial.run("nproc")).toBe("2");
    expect(await serial.run("cat /sys/block/vda/size")).toBe(String(DISK_BYTES / 512));
    expect(await serial.run("ls /sys/bus/virtio/drivers/virtio_balloon | grep -c ^virtio")).toBe("1");
    await eventually("an address by DHCP", async () => (await serial.run("ip -4 -o address show dev eth0")).includes("10.0.2.15"));

    const hvc = await Line.open(join(dir, "hvc"));
    hvc.socket.write("\n");
    await hvc.until(PROMPT);
    expect(await hvc.run("tty")).toBe("/dev/hvc0");

    const agent = await Line.open(join(dir, "agent"));
    agent.socket.write('{"execute":"guest-ping"}\n');
    expect(await agent.until("\n")).toContain('{"return": {}}');

    const ended = new Promise<number | null>((resolve) => qemu?.once("exit", resolve));
    monitor.socket.write('{"execute":"system_powerdown"}');
    expect(await ended).toBe(0);
  });
});

it("reboots when told to", async () => {
  boot("q35");
  const serial = await Line.open(join(dir, "serial"));
  const monitor = await openMonitor();
  monitor.socket.write('{"execute":"cont"}');
  await serial.until(PROMPT);
  serial.socket.write("reboot\n");
  await serial.until(READY);
  await serial.until(PROMPT);
  expect(Number(await serial.run("cut -d. -f1 /proc/uptime"))).toBeLessThan(20);
});
