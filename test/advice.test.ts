// What the server tells people to type is what the command line takes: its advice and its errors, parsed by the CLI's own
// grammar; and the dashboard's keys for an advice do the same. Nothing is run.
import { Command, CommanderError } from "commander";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { diagnose } from "../server/src/diagnosis/rules.js";
import { DIAGNOSIS_KINDS, type DiagnosisFinding, type VmFacts } from "../server/src/diagnosis/model.js";
import { flat, MIB, observations, risen, roomOf } from "../server/src/diagnosis/testing.js";
import { listingOf } from "../tui/src/cli/grammar/grammar.js";
import { bindingFor } from "../tui/src/keys.js";
import { advisedTarget } from "../tui/src/store/advice.js";
import { initialState } from "../tui/src/store/state.js";
import type { Page } from "../tui/src/store/state.js";
import { parseTarget } from "../tui/src/store/targets.js";
import type { Finding } from "../tui/src/store/why.js";
import { whyKeys } from "../tui/src/views/why-keys.js";
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

/** Every cause at its worst, for a VM of such facts beside a neighbour of such a weight. */
function everyAdvice(vm: Partial<VmFacts>, weight: number): readonly DiagnosisFinding[] {
  const neighbours = [{ id: "hog", name: "hog", weight, cpu: risen(0, 2), diskBytesPerSecond: risen(0, 9e7) }];
  const slow = { DISK_LATENCY_SECONDS: risen(0.001, 0.4), DISK_QUEUE_DEPTH: risen(0, 30), NETWORK_DROPS_PER_SECOND: flat(20) };
  const short = { GUEST_AVAILABLE_BYTES: flat(4 * MIB), GUEST_MAJOR_FAULTS_PER_SECOND: flat(300), BALLOON_ACTUAL_BYTES: flat(120 * MIB), MAJOR_FAULTS_PER_SECOND: flat(300), SWAP_BYTES: flat(50 * MIB) };
  const host = { PSI_CPU_RATIO: risen(0, 0.9), PSI_IO_RATIO: risen(0, 0.9), PSI_MEMORY_RATIO: flat(0.9) };
  const waiting = [flat(0), flat(null)].map((throttled) => diagnose(observations({ vm, host, neighbours, figures: { STEAL_RATIO: risen(0, 0.8), THROTTLED_RATIO: throttled, ...slow, ...short } })));
  const alone = diagnose(observations({ vm, host, figures: { STEAL_RATIO: risen(0, 0.8), GUEST_AVAILABLE_BYTES: flat(60 * MIB), BALLOON_ACTUAL_BYTES: flat(64 * MIB) } }));
  const held = [0.2, 1.9].map((time) => diagnose(observations({ vm, figures: { CPU_RATIO: flat(0.6), THROTTLED_RATIO: flat(0.9), THROTTLED_TIME_RATIO: flat(time) } })));
  const busy = diagnose(observations({ vm, figures: { CPU_RATIO: flat(2) } }));
  return [...waiting, alone, ...held, busy].flatMap(({ causes }) => causes);
}

/** What decides which way an advice goes: off or running with room and without, a limit, pins, the controller, few CPUs. */
const FACTS_OF_BRANCHES: readonly Partial<VmFacts>[] = [
  { pid: null }, { room: roomOf({}) }, { room: roomOf({ vcpusMax: 8, memoryMaxBytes: 2_048 * MIB }) }, { limitPercent: 25 }, { limitPercent: 150 }, { isPinned: true },
  { room: roomOf({}), isControlled: true }, { hostCpus: 2, room: roomOf({ vcpusMax: 8 }) },
];
/** Its commands with numbers left out. */
const SHAPES = [
  "cat /proc/#/cgroup", "iostat -x # #", "ip -s link", "quetzal cpu ls --sort -cpu", "quetzal cpu set hog --limit #%", "quetzal cpu set hog --weight #", "quetzal cpu set web-# --limit #%",
  "quetzal cpu set web-# --limit none", "quetzal cpu set web-# --pin none", "quetzal cpu set web-# --vcpus #", "quetzal host show h#", "quetzal memory ls --sort -guest.available",
  "quetzal memory set web-# --balloon #M", "quetzal memory set web-# --balloon #M --floor #M", "quetzal memory set web-# --size #M", "quetzal vm edit hog", "quetzal vm edit web-#",
  "quetzal vm ls --sort -disk", "quetzal vm pause hog", "quetzal vm show web-#",
];

describe("the advice of a diagnosis", () => {
  const causes = FACTS_OF_BRANCHES.flatMap((vm) => [...everyAdvice(vm, 100), ...everyAdvice(vm, 1_000)]);
  const commands = [...new Set(causes.flatMap(({ adviceCommand }) => adviceCommand ?? []))];

  it("is looked at for every cause there is", () => {
    expect([...new Set(causes.map(({ kind }) => kind))].toSorted()).toEqual([...DIAGNOSIS_KINDS].toSorted());
  });

  it("is looked at in every form it takes", () => {
    expect([...new Set(commands.map((line) => line.replace(/\d+/g, "#")))].toSorted()).toEqual(SHAPES);
  });

  it.each(commands.filter((line) => line.startsWith("quetzal ")))("%s is a command line", async (line) => {
    const command = await parse(line);
    const { sort } = command.opts<{ sort?: string }>();
    const columns = (await listingOf(command))?.columns.map((column) => column.name) ?? [];
    if (sort !== undefined) expect(columns).toContain(sort.replace(/^-/, ""));
  });
});

describe("the dashboard's keys for an advice", () => {
  const state = initialState(0);
  const asShown = ({ kind, title, adviceCommand, advice, neighbourId }: DiagnosisFinding): Finding => ({ kind, title, evidence: [], advice, adviceCommand, neighbour: neighbourId === null ? null : { id: neighbourId, label: neighbourId } });
  const causes = FACTS_OF_BRANCHES.flatMap((vm) => everyAdvice(vm, 100));
  const keysOf = (wanted: DiagnosisFinding["kind"], command: RegExp): string[] => causes.filter(({ kind, adviceCommand }) => kind === wanted && command.test(adviceCommand ?? "")).flatMap((cause) => whyKeys(state, asShown(cause)));

  it.each<[DiagnosisFinding["kind"], RegExp, RegExp | null]>([
    ["THROTTLING", /--limit/, /^E edit its definition \(cpu_policy\.limit_percent\)$/], ["THROTTLING", /cgroup$/, null],
    ["NEIGHBOUR_CPU", /--limit/, /^t to hog, where E edits its weight and limit \(cpu_policy\)$/], ["NEIGHBOUR_DISK", /pause/, /^t to hog, where p pauses it$/],
    ["STEAL", /--pin/, /^E edit its definition \(cpu_policy\.pins\)$/], ["STEAL", /cpu ls/, /^h the host, E edit its definition \(cpu_policy\.weight\)$/], ["HOST_CPU", /host show/, /^h the host$/],
    ["BALLOON", /--balloon \d+M$/, /^b balloon \(\d+M\)$/], ["BALLOON", /--floor/, /^b balloon \(\d+M\), E edit its definition \(memory_policy\.floor_mb\)$/],
    ["GUEST_MEMORY", /--size/, /^B memory size \(\d+M\)$/], ["GUEST_MEMORY", /vm edit/, /^E edit its definition \(memory_mb\)$/], ["HOST_MEMORY", /memory ls/, /^m where memory is, and who has plenty, h the host$/],
    ["DISK_LATENCY", /iostat/, null], ["DISK_QUEUE", /vm show/, /^E edit its definition \(disks\)$/], ["HOST_IO", /vm ls/, /^h the host$/], ["NETWORK_DROPS", /ip/, null],
    ["GUEST_CPU", /--vcpus/, /^# vCPUs \(\d+\)$/], ["GUEST_CPU", /vm edit/, /^E edit its definition \(vcpus\)$/],
  ])("%s with %s: %s", (kind, command, keys) => {
    const told = [...new Set(keysOf(kind, command))];
    expect(causes.some((cause) => cause.kind === kind && command.test(cause.adviceCommand ?? ""))).toBe(true);
    if (keys === null) expect(told).toEqual([]);
    else expect(told).toEqual(told.map(() => expect.stringMatching(keys) as string));
    expect(told.length > 0).toBe(keys !== null);
  });

  it("are keys of the page of causes, and those of a neighbour of its page", () => {
    for (const line of causes.flatMap((cause) => whyKeys(state, asShown(cause)))) {
      const [own = "", there] = line.split(", where ");
      const bound = (text: string, where: Page): boolean => bindingFor(state, text[0] ?? "", where) !== null;
      for (const part of own.split(/, (?=[A-Za-z#] )/)) expect(bound(part, "why"), line).toBe(true);
      if (there !== undefined) expect(bound(there, "vm"), line).toBe(true);
    }
  });

  it("come filled in with what the line takes", () => {
    const targets = causes.flatMap((cause) => advisedTarget(asShown(cause)) ?? []);
    expect([...new Set(targets.map(({ what }) => what))].toSorted()).toEqual(["balloon", "memorySize", "vcpus"]);
    for (const { what, text } of targets) expect(parseTarget(what, text)).toMatchObject({ fits: true });
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
