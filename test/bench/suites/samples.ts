// Whether samples come on time and whole while other guests boot, and how long one takes from the daemon to the frame of
// the dashboard that shows it. The same is watched on the same host before anybody boots.
import { setTimeout as delay } from "node:timers/promises";
import { formatPercent } from "../../../tui/src/format.js";
import { eventually } from "../../support/process.js";
import { cliPath, Stack } from "../../support/stack.js";
import { TerminalDriver } from "../../support/terminal.js";
import { bareGuest, smallGuest, VmDriver } from "../../support/vm.js";
import { type Figure, figure, NO_TARGET, peer, type Target } from "../figure.js";
import type { Suite } from "../suite.js";
import { dropped, type Painted, SAMPLE_MS, type Seen, seen, type Taken, type Tick, waits } from "../ticks.js";

/** A tenth of the time between two samples is called a delay, of one as of most. */
const DELAY_MS = SAMPLE_MS / 10;
const QUIET_TICKS = 60;
/** Guests that boot one after the other are what is promised of; as many at once as a small machine has cores leave no core to anybody else. */
const SCENES = [
  { words: "while another guest boots", boots: 20, atOnce: 1, gap: { p95AtMost: SAMPLE_MS + DELAY_MS, worstPeerPlus: DELAY_MS } },
  { words: "while two guests boot at once", boots: 20, atOnce: 2, gap: NO_TARGET },
] as const;
type Scene = (typeof SCENES)[number];
const PAINTED_MS = 150;
const STEADY = "bench-steady";
/** Those that run throughout and must not notice: one with a system, others with nothing to boot. */
const BYSTANDERS = [smallGuest(STEADY), bareGuest("bench-bare-1"), bareGuest("bench-bare-2")];
/** Some work that is never quite the same, so that each sample's CPU reads unlike the one before on the screen. */
const UNEVEN_LOAD = "while :; do i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done; sleep 0.3; done </dev/null >/dev/null 2>&1 & true";
/** What stands under CORE% in the table's row of the VM with that load. */
const CPU_CELL = new RegExp(`${STEADY} +running +(\\S+) `);

interface Batch { metrics: { samples: { vmId: string; time: string; cpuRatio: number | null; qmpAgeMs: number | null }[] } }
interface Watched { readonly ticks: readonly Tick[]; readonly painted: Seen }

/** Samples at a subscriber and frames at a terminal, from now on until stopped. */
class Watch {
  readonly ticks: Tick[] = [];
  readonly #frames: Painted[] = [];
  readonly #drawn: Disposable;
  readonly #items: AsyncIterableIterator<Batch>;
  readonly #loop: Promise<void>;

  constructor(stack: Stack, screen: TerminalDriver) {
    this.#items = stack.api.subscribe<Batch>("subscription { metrics { samples { vmId time cpuRatio qmpAgeMs } } }");
    this.#loop = this.#collect();
    this.#drawn = screen.onDrawn(() => {
      const text = CPU_CELL.exec(screen.screen())?.[1];
      if (text !== undefined && text !== this.#frames.at(-1)?.text) this.#frames.push({ at: Date.now(), text });
    });
  }

  async #collect(): Promise<void> {
    for await (const { metrics } of this.#items) {
      this.ticks.push({ arrived: Date.now(), taken: new Map(metrics.samples.map(({ vmId, time, cpuRatio, qmpAgeMs }) => [vmId, { time: Date.parse(time), text: formatPercent(cpuRatio), qmpAgeMs }])) });
    }
  }

  async stop(): Promise<Watched> {
    await this.#items.return?.();
    await this.#loop;
    await delay(SAMPLE_MS); // For the frame of the last sample.
    this.#drawn[Symbol.dispose]();
    // Whoever subscribes is told at once of the newest sample, which may be a second old.
    const ticks = this.ticks.slice(1);
    return { ticks, painted: seen(ticks.flatMap(({ taken }) => taken.get(STEADY) ?? []), this.#frames) };
  }
}

/** In each lane one neighbour after the other: from its definition to its shell, then off. */
async function bootNeighbours(stack: Stack, { boots, atOnce }: Scene): Promise<void> {
  const names = Array.from({ length: boots }, (_, index) => `bench-near-${atOnce}-${index}`);
  const lane = async (): Promise<void> => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const vm = await VmDriver.define(stack, smallGuest(name));
      await vm.start();
      await vm.waitForBoot();
      await vm.forceOff();
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

const IDS = BYSTANDERS.map(({ id }) => id);

/** Of every bystander in every tick, what is known. */
function ofAll({ ticks }: Watched, pick: (taken: Taken, tick: Tick) => number | null): number[] {
  return ticks.flatMap((tick) => IDS.flatMap((id) => { const taken = tick.taken.get(id); return taken === undefined ? [] : pick(taken, tick) ?? []; }));
}

/** The same ticks as if each had arrived when the host took it: what is late in these is late in the daemon. */
function atTheHost({ ticks }: Watched): Tick[] {
  return ticks.map((tick) => ({ ...tick, arrived: Math.max(...[...tick.taken.values()].map(({ time }) => time)) }));
}

function figures({ words, gap }: Scene, busy: Watched, quiet: Watched): Figure[] {
  const both = (name: string, unit: string, target: Target, of: (watched: Watched) => readonly number[]): Figure => figure(`${name} ${words}`, unit, of(busy), target, ...peer("nobody boots", of(quiet)));
  return [
    both("gap between samples", "ms", gap, ({ ticks }) => waits(ticks, IDS)),
    both("gap between samples at the host", "ms", NO_TARGET, (watched) => waits(atTheHost(watched), IDS)),
    both(`samples dropped of each of ${IDS.length} VMs`, "samples", { worstAtMost: 0 }, ({ ticks }) => dropped(ticks, IDS)),
    both("age of a sample at a subscriber", "ms", NO_TARGET, (watched) => ofAll(watched, ({ time }, { arrived }) => arrived - time)),
    both("age of QEMU's answers in a sample", "ms", NO_TARGET, (watched) => ofAll(watched, ({ qmpAgeMs }) => qmpAgeMs)),
    both("sample taken → painted frame that shows it", "ms", NO_TARGET, ({ painted }) => painted.delays),
  ];
}

/** A guest with an uneven load and two without, on a screen. */
async function startBystanders(stack: Stack): Promise<void> {
  for (const definition of BYSTANDERS) await (await VmDriver.define(stack, definition)).start();
  const steady = new VmDriver(stack, STEADY);
  await steady.waitForBoot();
  await steady.run(UNEVEN_LOAD);
}

export const samples: Suite = {
  name: "samples",
  about: "guests that boot delay and drop nobody's sample; a sample reaches the screen",
  async run(note) {
    await using stack = await Stack.start();
    await startBystanders(stack);
    await using screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
    await screen.waitFor(CPU_CELL);
    const during = async (words: string, what: (ticks: readonly Tick[]) => Promise<unknown>): Promise<Watched> => {
      const watch = new Watch(stack, screen);
      await what(watch.ticks);
      const watched = await watch.stop();
      note(`${words}: ${watched.ticks.length} ticks; on the screen ${watched.painted.alike} samples read like the one before, so that no frame tells of them`);
      return watched;
    };
    const quiet = await during("quiet", (ticks) => eventually(`${QUIET_TICKS} quiet ticks`, () => ticks.length > QUIET_TICKS, 2 * QUIET_TICKS * SAMPLE_MS));
    const busy: { scene: Scene; watched: Watched }[] = [];
    for (const scene of SCENES) busy.push({ scene, watched: await during(`${scene.words}, ${scene.boots} boots`, () => bootNeighbours(stack, scene)) });
    screen.send("q");
    await screen.waitForExit();
    return [
      ...busy.flatMap(({ scene, watched }) => figures(scene, watched, quiet)),
      figure("sample taken → painted frame that shows it", "ms", quiet.painted.delays, { atMost: PAINTED_MS, p95AtMost: PAINTED_MS }),
      figure("samples that no frame showed, in each of these times", "samples", [quiet, ...busy.map(({ watched }) => watched)].map(({ painted }) => painted.unseen), { worstAtMost: 0 }),
    ];
  },
};
