import { describe, expect, it } from "vitest";
import { domainXml, escapeXml, type Machine } from "./domain.js";

const bare: Machine = { name: "bench-start", memoryMebibytes: 32, serialSocket: "/run/bench-start.sock", boot: null };
const booting: Machine = { ...bare, memoryMebibytes: 96, boot: { kernel: "/images/vmlinuz", initrd: "/images/initrd.img", cmdline: "console=ttyS0 quiet", serialLog: "/run/bench-start.log" } };

describe("escapeXml", () => {
  it.each([
    ["plain-1.2_3", "plain-1.2_3"],
    ["a&b", "a&amp;b"],
    ["&amp;", "&amp;amp;"],
    ["</name><x>", "&lt;/name&gt;&lt;x&gt;"],
    [`"'`, "&quot;&apos;"],
    ["a\tb\r\nc", "a&#9;b&#13;&#10;c"],
    ["日本 🙂", "日本 🙂"],
  ])("writes %j as %j", (text, escaped) => { expect(escapeXml(text)).toBe(escaped); });

  it.each(["\u0000", "a\u001b[31m", "\u0008", "\uffff", "\ud800"])("refuses %j, which XML cannot carry", (text) => {
    expect(() => escapeXml(text)).toThrow("XML cannot carry");
  });
});

describe("domainXml", () => {
  it("is the machine of the raw peer: q35 under TCG with a bounded code cache, a serial socket, and no device that was not asked for", () => {
    const text = domainXml(bare);
    for (const part of ['<domain type="qemu">', "<name>bench-start</name>", '<memory unit="MiB">32</memory>', 'machine="q35">hvm</type></os>', '<tb-cache unit="MiB">32</tb-cache>', '<controller type="usb" model="none"/>', '<memballoon model="none"/>', '<source mode="bind" path="/run/bench-start.sock"/></serial>']) expect(text).toContain(part);
    expect(text).not.toMatch(/<kernel>|<disk|<interface|<graphics/);
  });

  it("boots the guest with the balloon that the product gives it, and keeps what its console says", () => {
    const text = domainXml(booting);
    expect(text).toContain('hvm</type><kernel>/images/vmlinuz</kernel><initrd>/images/initrd.img</initrd><cmdline>console=ttyS0 quiet</cmdline></os>');
    expect(text).toContain('<memballoon model="virtio"/>');
    expect(text).toContain('<log file="/run/bench-start.log"/></serial>');
  });

  it("lets no value close its element or attribute", () => {
    const text = domainXml({ ...booting, name: "x</name><devices>", serialSocket: '/run/"/><disk', boot: { ...booting.boot as NonNullable<Machine["boot"]>, cmdline: "a=<b>&c" } });
    expect(text).toContain("<name>x&lt;/name&gt;&lt;devices&gt;</name>");
    expect(text).toContain('path="/run/&quot;/&gt;&lt;disk"');
    expect(text).toContain("<cmdline>a=&lt;b&gt;&amp;c</cmdline>");
  });
});
