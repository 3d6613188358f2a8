// The KVM launch path with the smallest guest there is: a boot sector that greets on COM1 and echoes what it hears. It
// runs even where KVM is itself emulated and no Linux boots. The daemon gets a /dev/kvm that QEMU's user may open, in a
// mount namespace of its own, so that the host's stays as it is.
import { spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Stack } from "../support/stack.js";
import { VmDriver } from "../support/vm.js";

const GREETING = "KVM guest ready\r\n";
/** A disk of one cylinder: firmware takes no smaller one for a disk. */
const DISK_BYTES = 516_096;

/** Real mode, loaded at 0x7c00: print the greeting, then echo COM1 for ever. */
function bootSector(): Buffer {
  const code = [
    0x31, 0xc0, 0x8e, 0xd8, //       xor ax,ax; mov ds,ax
    0xbe, 0x33, 0x7c, //             mov si,0x7c33 (the greeting)
    0xac, 0x84, 0xc0, 0x74, 0x05, // next: lodsb; test al,al; jz echo
    0xe8, 0x13, 0x00, 0xeb, 0xf6, // call put; jmp next
    0xba, 0xfd, 0x03, 0xec, //       echo: in al,[COM1 line status]
    0xa8, 0x01, 0x74, 0xf8, //       test al,1 (a byte has come); jz echo
    0xba, 0xf8, 0x03, 0xec, //       in al,[COM1]
    0xe8, 0x02, 0x00, 0xeb, 0xef, // call put; jmp echo
    0x88, 0xc4, 0xba, 0xfd, 0x03, // put: mov ah,al
    0xec, 0xa8, 0x20, 0x74, 0xfb, // wait: in al,[line status]; test al,0x20 (room); jz wait
    0x88, 0xe0, 0xba, 0xf8, 0x03, // mov al,ah
    0xee, 0xc3, //                   out [COM1],al; ret
  ];
  const sector = Buffer.alloc(DISK_BYTES);
  Buffer.from([...code, ...Buffer.from(`${GREETING}\0`)]).copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  return sector;
}

/** Null when KVM can be used; else what is missing. */
function whyNot(): string | null {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return "/dev/kvm is missing or closed";
  }
  if (process.getuid?.() !== 0) return null;
  return spawnSync("unshare", ["--mount", "true"]).status === 0 ? null : "no mount namespace can be made (unshare --mount)";
}
const missing = whyNot();
if (missing !== null) console.warn(`The stories of KVM are left out: ${missing}.`);

const OPEN_KVM = `
mkdir "$0" && mount -t tmpfs -o mode=755 tmpfs "$0" && mknod -m 666 "$0/kvm" c 10 232 && mount --bind "$0/kvm" /dev/kvm && exec "$@"`;

describe.skipIf(missing !== null)("a VM under KVM", () => {
  let stack: Stack;
  let vm: VmDriver;
  /** Made by the daemon's wrapper, in a mount namespace of its own. */
  const ownFolder = join(tmpdir(), `qz-kvm-${process.pid}`);
  beforeAll(async () => {
    const namespaced = process.getuid?.() === 0 ? { daemonWrapper: ["unshare", "--mount", "--propagation", "private", "sh", "-c", OPEN_KVM, ownFolder] } : {};
    stack = await Stack.start(namespaced);
    mkdirSync(join(stack.stateDir, "images/echo"), { recursive: true });
    writeFileSync(join(stack.stateDir, "images/echo/boot.img"), bootSector());
    vm = await VmDriver.define(stack, {
      id: "story-kvm", memory_mb: 32, vcpus: 1, machine: "pc", accelerator: "kvm", network: { mode: "none" },
      disks: [{ name: "hda", path: "boot.img", image: "echo/boot.img", bus: "ide" }],
    });
  });
  afterAll(async () => {
    await stack[Symbol.asyncDispose]();
    spawnSync("rmdir", [ownFolder]);
  });

  it("starts with KVM, boots its disk and greets", async () => {
    await vm.start();
    expect(await vm.show("state accelerator")).toEqual({ state: "RUNNING", accelerator: "kvm" });
    await vm.readUntil((text) => text.includes(GREETING.trim()), 4096);
  });

  it("echoes what is typed, before and after a pause", async () => {
    await vm.type("first");
    await vm.readUntil((text) => text.includes("first"), 4096);
    await vm.complete("pauseVm");
    await vm.complete("resumeVm");
    await vm.type("second");
    await vm.readUntil((text) => text.endsWith("firstsecond"), 4096);
  });

  it("boots again after a reset", async () => {
    await vm.complete("resetVm");
    await vm.readUntil((text) => text.split(GREETING.trim()).length === 3, 4096);
  });

  it("is forced off", async () => {
    await vm.forceOff();
    expect((await vm.show()).state).toBe("STOPPED");
  });
});
