// What the server tells people to type is what the command line takes: its advice and its errors, parsed by the CLI's own
// grammar. Nothing is run.
import { Command, CommanderError } from "commander";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { diagnose } from "../server/src/diagnosis/rules.js";
import { DIAGNOSIS_KINDS, type DiagnosisFinding } from "../server/src/diagnosis/model.js";
import { flat, MIB, observations, risen } from "../server/src/diagnosis/testing.js";
import { listingOf } from "../tui/src/cli/grammar/grammar.js";
import { buildProgram, everyCommand } from "../tui/src/cli/program.js";

/** The command that a line means; throws what commander says of a line that is not in the grammar. */
async function parse(line: string): Promise<Command> {
  const [name, ...words] = line.split(" ");
  expect(name).toBe("quetzal");
  const program = buildProgram("0", () => { throw new Error("A grammar runs nothing."); });
  const parsed: Command[] = [];
  for (const command of everyCommand(program)) command.action(() => { parsed.push(command); });
  await program.parseAsync(words, { from: "user" });
  const [first] = parsed;
  if (first === undefined) throw new Error(`${line} means no command.`);
  return first;
}

/** Every cause at its worst, with QEMU's process and without. */
function everyAdvice(pid: number | null): readonly DiagnosisFinding[] {
  const neighbours = [{ id: "hog", name: "hog", cpu: risen(0, 2), diskBytesPerSecond: risen(0, 9e7) }];
  const slow = { DISK_LATENCY_SECONDS: risen(0.001, 0.4), DISK_QUEUE_DEPTH: risen(0, 30), NETWORK_DROPS_PER_SECOND: flat(20) };
  const short = { GUEST_AVAILABLE_BYTES: flat(4 * MIB), GUEST_MAJOR_FAULTS_PER_SECOND: flat(300), BALLOON_ACTUAL_BYTES: flat(120 * MIB), MAJOR_FAULTS_PER_SECOND: flat(300), SWAP_BYTES: flat(50 * MIB) };
  const host = { PSI_CPU_RATIO: risen(0, 0.9), PSI_IO_RATIO: risen(0, 0.9), PSI_MEMORY_RATIO: flat(0.9) };
  const waiting = diagnose(observations({ vm: { pid }, host, neighbours, figures: { STEAL_RATIO: risen(0, 0.8), ...slow, ...short } }));
  const busy = diagnose(observations({ vm: { pid }, figures: { CPU_RATIO: flat(2), THROTTLED_RATIO: flat(0.9) } }));
  return [...waiting.causes, ...busy.causes];
}

describe("the advice of a diagnosis", () => {
  const causes = [...everyAdvice(4711), ...everyAdvice(null)];
  const commands = [...new Set(causes.flatMap(({ adviceCommand }) => adviceCommand ?? []))];

  it("is looked at for every cause there is", () => {
    expect([...new Set(causes.map(({ kind }) => kind))].toSorted()).toEqual([...DIAGNOSIS_KINDS].toSorted());
  });

  it.each(commands.filter((line) => line.startsWith("quetzal ")))("%s is a command line", async (line) => {
    const command = await parse(line);
    const { sort } = command.opts<{ sort?: string }>();
    const columns = (await listingOf(command))?.columns.map((column) => column.name) ?? [];
    if (sort !== undefined) expect(columns).toContain(sort.replace(/^-/, ""));
  });
});

describe("what the server's sentences name", () => {
  const sources = readdirSync("server/src", { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !path.includes("generated"));
  const lines = sources.flatMap((path) => [...readFileSync(join("server/src", path), "utf8").matchAll(/(?:\\`|')(quetzal [a-z][^`'$]*?)(?:\\`|')/g)].map(([, line = ""]) => line));

  it("is found", () => {
    expect(lines.length).toBeGreaterThan(0);
  });

  it.each([...new Set(lines)])("%s is a command line", async (line) => {
    await expect(parse(line)).resolves.toBeInstanceOf(Command);
  });
});

it("would tell a command that does not exist", async () => {
  await expect(parse("quetzal vm bogus web")).rejects.toThrow(CommanderError);
  await expect(parse("quetzal vm edit")).rejects.toThrow(CommanderError);
  await expect(parse("quetzal vm ls --bogus")).rejects.toThrow(CommanderError);
});
