// Whether samples come on time and whole while other guests boot, and how long one takes from the daemon to the frame of
// the dashboard that shows it. The same is watched on the same host before anybody boots.
import { setTimeout as delay } from "node:timers/promises";
import { formatPercent } from "../../../tui/src/format.js";
import { eventually } from "../../support/process.js";
import { cliPath, Stack } from "../../support/stack.js";
import { TerminalDriver } from "../../support/terminal.js";
import { bareGuest, smallGuest, VmDriver } from "../../support/vm.js";
import { type Figure, figure, NO_TARGET, type Peer } from "../figure.js";
import type { Suite } from "../suite.js";
import { dropped, type Painted, SAMPLE_MS, type Seen, seen, type Tick, waits } from "../ticks.js";

/** A tenth of the time between two samples is called a delay, of one as of most. */
const DELAY_MS = SAMPLE_MS / 10;
const QUIET_TICKS = 60;
/** Some 50 s of boots, whose worst gap stands beside that of as many quiet seconds. */
const BOOTS = 24;
/** As many as there are cores on a small machine: under emulation each boot takes one for seconds. */
const BOOTED_AT_ONCE = 2;
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
    return { ticks: this.ticks, painted: seen(this.ticks.flatMap(({ taken }) => taken.get(STEADY) ?? []), this.#frames) };
  }
}

/** One neighbour after the other in each of the lanes: from its definition to its shell, then off. */
async function bootNeighbours(stack: Stack): Promise<void> {
  const names = Array.from({ length: BOOTS }, (_, index) => `bench-neighbour-${index}`);
  const lane = async (): Promise<void> => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const vm = await VmDriver.define(stack, smallGuest(name));
      await vm.start();
      await vm.waitForBoot();
      await vm.forceOff();
    }
  };
  await Promise.all(Array.from({ length: BOOTED_AT_ONCE }, lane));
}

function figures(quiet: Watched, busy: Watched): Figure[] {
  const ids = BYSTANDERS.map(({ id }) => id);
  const [while_, calm] = ["while other guests boot", "nobody boots"];
  const ofAll = ({ ticks }: Watched, pick: (tick: Tick, id: string) => number | null | undefined): number[] => ticks.flatMap((tick) => ids.flatMap((id) => pick(tick, id) ?? []));
  const age = (tick: Tick, id: string): number | undefined => { const time = tick.taken.get(id)?.time; return time === undefined ? undefined : tick.arrived - time; };
  const answerAge = (tick: Tick, id: string): number | null | undefined => tick.taken.get(id)?.qmpAgeMs;
  const beside = (samples: readonly number[]): Peer => ({ name: calm, samples });
  return [
    figure(`gap between samples ${while_}`, "ms", waits(busy.ticks, ids), { p95AtMost: SAMPLE_MS + DELAY_MS, worstPeerPlus: DELAY_MS }, beside(waits(quiet.ticks, ids))),
    figure(`samples dropped of each of ${ids.length} VMs ${while_}`, "samples", dropped(busy.ticks, ids), { worstAtMost: 0 }, beside(dropped(quiet.ticks, ids))),
    figure(`age of a sample at a subscriber ${while_}`, "ms", ofAll(busy, age), NO_TARGET, beside(ofAll(quiet, age))),
    figure(`age of QEMU's answers in a sample ${while_}`, "ms", ofAll(busy, answerAge), NO_TARGET, beside(ofAll(quiet, answerAge))),
    figure("sample taken → painted frame that shows it", "ms", quiet.painted.delays, { atMost: PAINTED_MS, p95AtMost: PAINTED_MS }),
    figure(`sample taken → painted frame that shows it, ${while_}`, "ms", busy.painted.delays, NO_TARGET, beside(quiet.painted.delays)),
    figure("samples that no frame showed, with nobody booting and with others", "samples", [quiet.painted.unseen, busy.painted.unseen], { worstAtMost: 0 }),
  ];
}

export const samples: Suite = {
  name: "samples",
  about: `${BOOTS} guests that boot delay and drop nobody's sample; a sample reaches the screen`,
  async run(note) {
    await using stack = await Stack.start();
    const vms = [];
    for (const definition of BYSTANDERS) vms.push(await VmDriver.define(stack, definition));
    for (const vm of vms) await vm.start();
    const steady = new VmDriver(stack, STEADY);
    await steady.waitForBoot();
    await steady.run(UNEVEN_LOAD);
    await using screen = new TerminalDriver(process.execPath, [cliPath], { env: stack.clientEnv });
    await screen.waitFor(CPU_CELL);
    const calm = new Watch(stack, screen);
    await eventually(`${QUIET_TICKS} quiet ticks`, () => calm.ticks.length > QUIET_TICKS, 2 * QUIET_TICKS * SAMPLE_MS);
    const quiet = await calm.stop();
    const watch = new Watch(stack, screen);
    await bootNeighbours(stack);
    const busy = await watch.stop();
    for (const [name, { ticks, painted }] of [["quiet", quiet], [`${BOOTS} boots`, busy]] as const) {
      note(`${name}: ${ticks.length} ticks; ${painted.alike} samples read like the one before on the screen, so that no frame tells of them`);
    }
    screen.send("q");
    await screen.waitForExit();
    return figures(quiet, busy);
  },
};
