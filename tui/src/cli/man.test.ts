import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EXIT_MEANINGS } from "./exit.js";
import { manualPage } from "./man.js";
import { buildProgram, everyCommand } from "./program.js";
import { VERSION } from "./version.js";

const program = buildProgram(VERSION, () => {
  throw new Error("no command runs here");
});
const page = manualPage(program);

describe("the manual page", () => {
  it("is docs/quetzal.1", async () => {
    await expect(page).toMatchFileSnapshot("../../../docs/quetzal.1");
  });

  it("is set by groff without a warning", () => {
    // Given as a file of standard input; what groff has to say comes with it.
    expect(execFileSync("sh", ["-c", "groff -man -Tutf8 -ww -z - 2>&1"], { input: page, encoding: "utf8" })).toBe("");
  });

  it("tells of every command and every option", () => {
    const text = execFileSync("groff", ["-man", "-Tascii", "-P-c", "-rLL=400n"], { input: page, encoding: "utf8" }).replace(/.\x08/g, "");
    for (const command of everyCommand(program)) {
      if (command.commands.length > 0 || command.name() === "help" || command.name() === "complete") continue;
      expect(text).toContain(`${command.parent === program ? "quetzal" : `quetzal ${command.parent?.name() ?? ""}`} ${command.name()}`);
      for (const option of command.options) expect(text).toContain(option.long ?? option.flags);
    }
  });
});

describe("docs/cli.md", () => {
  const guide = readFileSync("docs/cli.md", "utf8");
  it.each(EXIT_MEANINGS)("has exit code %i", (code, meaning) => {
    expect(guide).toContain(`| ${code} | ${meaning} |`);
  });

  it("names every command", () => {
    const groups = new Set(program.commands.filter((command) => command.name() !== "complete").map((command) => command.name()));
    expect([...groups].filter((name) => !guide.includes(`quetzal ${name}`))).toEqual([]);
  });
});
