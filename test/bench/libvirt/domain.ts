// A machine as libvirt's domain XML: the counterpart of the raw peer's argv, under TCG. Pure; knows nothing of virsh.

export interface Machine {
  readonly name: string;
  readonly memoryMebibytes: number;
  /** A unix socket that QEMU listens on for the serial port, as the daemon and the raw peer have it. */
  readonly serialSocket: string;
  /** Null: nothing to boot, the firmware idles. */
  readonly boot: { readonly kernel: string; readonly initrd: string; readonly cmdline: string; readonly serialLog: string } | null;
}

/** As every QEMU of a bench has it: TCG's default may reach 1 GiB. */
const CODE_CACHE_MEBIBYTES = 32;
const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;" };
/** What XML 1.0 cannot carry even as a reference (its production 2, Char); a lone surrogate is not UTF-8 either. */
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u;

class Markup { constructor(readonly text: string) {} }

/** Fills a template: text and numbers are escaped for elements and attributes alike, markup made by this tag is not. */
function xml(parts: TemplateStringsArray, ...values: readonly (string | number | Markup)[]): Markup {
  return new Markup(parts.map((part, index) => part + filled(values[index] ?? "")).join(""));
}

function filled(value: string | number | Markup): string {
  return value instanceof Markup ? value.text : escapeXml(String(value));
}

/** Text as XML content or attribute value; throws on a character that XML has no way to write. */
export function escapeXml(text: string): string {
  if (NOT_XML.test(text)) throw new Error(`${JSON.stringify(text)} has a character that XML cannot carry: take it out`);
  return text.replace(/[&<>"'\t\n\r]/g, (character) => ENTITIES[character] ?? character);
}

export function domainXml(machine: Machine): string {
  const { boot } = machine;
  const kernel = boot === null ? "" : xml`<kernel>${boot.kernel}</kernel><initrd>${boot.initrd}</initrd><cmdline>${boot.cmdline}</cmdline>`;
  const log = boot === null ? "" : xml`<log file="${boot.serialLog}"/>`;
  // A guest that boots has the balloon that the product gives it; the bare one has nothing but its serial port.
  const balloon = xml`<memballoon model="${boot === null ? "none" : "virtio"}"/>`;
  return xml`<domain type="qemu">
  <name>${machine.name}</name>
  <memory unit="MiB">${machine.memoryMebibytes}</memory>
  <vcpu>1</vcpu>
  <os><type arch="x86_64" machine="q35">hvm</type>${kernel}</os>
  <features><acpi/><tcg><tb-cache unit="MiB">${CODE_CACHE_MEBIBYTES}</tb-cache></tcg></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type="usb" model="none"/>
    ${balloon}
    <serial type="unix"><source mode="bind" path="${machine.serialSocket}"/>${log}</serial>
  </devices>
</domain>
`.text;
}
