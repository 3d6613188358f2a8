import { describe, expect, it } from "vitest";
import { commandLine, needsVm } from "./user-commands.js";
import type { CommandFacts, UserCommand } from "./user-commands.js";

const FACTS: CommandFacts = { vm: "web-1", name: "Web; rm -rf /", host: "lab1", url: "http://127.0.0.1:4560" };
const command = (...run: string[]): UserCommand => ({ name: "test", run });

describe("a command of one's own", () => {
  it("keeps each fact inside the argument it stands in, whatever it says", () => {
    expect(commandLine(command("ssh", "root@{vm}", "echo {name} on {host}", "{url}/graphql"), FACTS)).toEqual({
      ready: true, program: "ssh", args: ["root@web-1", "echo Web; rm -rf / on lab1", "http://127.0.0.1:4560/graphql"],
    });
  });

  it("fills a placeholder as often as it stands, and only once: a fact that looks like one stays as it is", () => {
    expect(commandLine(command("x", "{vm}{vm}", "{name}"), { ...FACTS, name: "{vm}" })).toEqual({ ready: true, program: "x", args: ["web-1web-1", "{vm}"] });
  });

  it("leaves other braces alone", () => {
    expect(commandLine(command("awk", "{print $1}", "{nothing}"), FACTS)).toEqual({ ready: true, program: "awk", args: ["{print $1}", "{nothing}"] });
  });

  it("is refused where a name would become an option", () => {
    const hostile = { ...FACTS, name: "-oProxyCommand=reboot" };
    expect(commandLine(command("ssh", "{name}"), hostile)).toMatchObject({ ready: false, reason: expect.stringContaining("option") as string });
    expect(commandLine(command("ssh", "--", "root@{name}"), hostile).ready).toBe(true);
  });

  it.each([["{vm}", "no VM is chosen"], ["{host}", "host is not known"], ["{url}", "address is not known"]])("is refused without its %s", (placeholder, why) => {
    expect(commandLine(command("x", placeholder), { vm: null, name: null, host: null, url: null })).toMatchObject({ ready: false, reason: expect.stringContaining(why) as string });
  });

  it("is refused without a program", () => expect(commandLine(command(), FACTS).ready).toBe(false));

  it.each([[command("htop"), false], [command("x", "{url}"), false], [command("x", "{name}"), true], [{ name: "w", run: ["x"], where: "state:running" }, true]])("%j is about a VM: %s", (one, is) => {
    expect(needsVm(one)).toBe(is);
  });
});
