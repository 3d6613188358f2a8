import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HeldVirsh } from "./held-virsh.js";

/** Speaks as virsh does on a pipe: a prompt, the command repeated, its answer, errors on standard error. */
const SCRIPTED = `#!/bin/sh
while printf 'virsh # '; read -r command; do
  echo "$command"
  case "$command" in
    list*) printf ' 1    a    running\\n\\n';;
    slow) printf 'first '; sleep 0.05; printf 'second\\n';;
    fail) echo 'error: failed to get domain' >&2;;
    connect) case " $* " in *" refused "*) echo 'error: failed to connect to the hypervisor' >&2;; esac;;
    die) echo 'cannot go on' >&2; exit 1;;
  esac
done
`;

let folder: string;
let virsh: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qz-virsh-"));
  virsh = join(folder, "virsh");
  writeFileSync(virsh, SCRIPTED);
  chmodSync(virsh, 0o755);
});
afterEach(() => { rmSync(folder, { recursive: true }); });

const open = (uri = "test:///default"): Promise<HeldVirsh> => HeldVirsh.open(virsh, uri, process.env);

describe("a held virsh", () => {
  it("gives each command its own answer, however it comes in", async () => {
    await using held = await open();
    expect(await held.ask("list --all")).toBe(" 1    a    running\n\n");
    expect(await held.ask("slow")).toBe("first second\n");
    expect(await held.ask("nothing")).toBe("");
  });

  it("throws what virsh says of a failure, and goes on", async () => {
    await using held = await open();
    await expect(held.ask("fail")).rejects.toThrow("virsh fail: error: failed to get domain");
    expect(await held.ask("nothing")).toBe("");
  });

  it("refuses a command that virsh would take apart", async () => {
    await using held = await open();
    await expect(held.ask("list; destroy a")).rejects.toThrow("take for its own");
    await expect(held.ask("list\ndestroy a")).rejects.toThrow("take for its own");
  });

  it("tells of an end in the middle, with its last words", async () => {
    await using held = await open();
    await expect(held.ask("die")).rejects.toThrow(/virsh ended .*\(die\): die\ncannot go on/s);
  });

  it("is not open when the connection is refused", async () => { await expect(open("refused")).rejects.toThrow("failed to connect"); });

  it("is not open when there is no virsh", async () => {
    await expect(HeldVirsh.open(join(folder, "none"), "test:///default", process.env)).rejects.toThrow(/virsh ended .*none/s);
  });
});
