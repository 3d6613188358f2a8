// Start, force off, and the way of an event from a verb to a subscriber, against raw QEMU in turns.
import { setTimeout as delay } from "node:timers/promises";
import { Stack } from "../../support/stack.js";
import { bareGuest, VmDriver } from "../../support/vm.js";
import { type Figure, figure, peer, NO_TARGET } from "../figure.js";
import type { HeldVirsh } from "../libvirt/held-virsh.js";
import { Libvirt } from "../libvirt/instance.js";
import { RawQemu } from "../raw-qemu.js";
import { type Suite, stopwatch } from "../suite.js";

const ROUNDS = 20;
/** Pauses and resumes of a VM that runs: short, so there may be many. */
const EVENT_ROUNDS = 100;
const EVENT_WARM_UP = 20;
/** Between two of them, so that each is alone: what the one before left to be stored is stored by then. */
const CALM_MS = 50;
/** The same machine as `bareGuest`, as a person would type it. */
const RAW_ARGS = [
  "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", "-accel", "tcg,tb-size=32", "-m", "32", "-smp", "1",
  "-chardev", "socket,id=ser0,path=@FOLDER@/ser0.sock,server=on,wait=off", "-device", "isa-serial,chardev=ser0",
];

interface Change { vmChanged: { vm: { state: string } | null } }
interface Stored { events: { state?: string | null } }
/** The instants at which states of one VM first reach a subscriber. */
interface StateWatch { when(state: string): Promise<number>; stop(): Promise<void> }

function watchStates<T>(items: AsyncIterableIterator<T>, stateOf: (item: T) => string | null | undefined): StateWatch {
  const waiting = new Map<string, (at: number) => void>();
  const loop = (async () => {
    for await (const item of items) {
      const state = stateOf(item) ?? "";
      waiting.get(state)?.(performance.now());
      waiting.delete(state);
    }
  })();
  return {
    when: (state) => new Promise((resolve) => waiting.set(state, resolve)),
    async stop() { await items.return?.(); await loop; },
  };
}

const watchVm = (stack: Stack, id: string) =>
  watchStates(stack.api.subscribe<Change>("subscription ($id: ID!) { vmChanged(id: $id) { vm { state } } }", { id }), ({ vmChanged }) => vmChanged.vm?.state);
const watchEvents = (stack: Stack, id: string) =>
  watchStates(stack.api.subscribe<Stored>("subscription ($id: ID!) { events(vmId: $id) { ... on Event { state } } }", { id }), ({ events }) => events.state);

/** A verb over the WebSocket that carries the subscriptions. */
async function verb(stack: Stack, name: string, id: string, idempotencyKey: string | null = null): Promise<void> {
  const data = await stack.api.ask<Record<string, { __typename: string }>>(`mutation ($input: VmVerbInput!) { ${name}(input: $input) { __typename } }`, { input: { id, idempotencyKey } });
  if (data[name]?.__typename !== "VmOperationAccepted") throw new Error(`${name}: ${JSON.stringify(data)}`);
}

async function startsAndEnds(stack: Stack, id: string, virsh: HeldVirsh | undefined): Promise<Figure[]> {
  const states = watchVm(stack, id);
  const ours = { start: [] as number[], off: [] as number[], call: [] as number[] };
  const raw = { start: [] as number[], off: [] as number[] };
  const libvirt = { start: [] as number[], off: [] as number[] };
  for (let round = 0; round <= ROUNDS; round++) {
    const running = states.when("RUNNING");
    const begin = performance.now();
    await verb(stack, "startVm", id);
    const accepted = performance.now();
    const ranAt = await running;
    const stopped = states.when("STOPPED");
    const offBegin = performance.now();
    await verb(stack, "forceOffVm", id);
    const off = (await stopped) - offBegin;
    const peerStart = performance.now();
    const qemu = await RawQemu.start(RAW_ARGS);
    const peerRan = performance.now() - peerStart;
    const peerOff = await stopwatch(() => qemu.kill());
    const theirs = virsh === undefined ? undefined : { start: await stopwatch(() => virsh.ask(`start ${id}`)), off: await stopwatch(() => virsh.ask(`destroy ${id}`)) };
    if (round === 0) continue;
    // From the call, not from its answer: the answer may come after QEMU runs.
    ours.start.push(ranAt - begin);
    ours.call.push(accepted - begin);
    ours.off.push(off);
    raw.start.push(peerRan);
    raw.off.push(peerOff);
    if (theirs === undefined) continue;
    libvirt.start.push(theirs.start);
    libvirt.off.push(theirs.off);
  }
  await states.stop();
  return [
    figure("start: mutation sent → RUNNING at a subscriber", "ms", ours.start, { peerPlus: 40 }, { name: "raw QEMU", samples: raw.start }, ...peer("libvirt", libvirt.start)),
    figure("start: what is added to raw QEMU's of the same round", "ms", added(ours.start, raw.start), NO_TARGET, ...peer("libvirt", added(libvirt.start, raw.start))),
    figure("start: mutation sent → accepted", "ms", ours.call, NO_TARGET),
    figure("force off: mutation sent → STOPPED at a subscriber", "ms", ours.off, { atMost: 30 }, { name: "raw QEMU", samples: raw.off }, ...peer("libvirt", libvirt.off)),
  ];
}

/** What each round took above the raw peer's. */
function added(samples: readonly number[], raw: readonly number[]): number[] {
  return samples.map((sample, round) => sample - (raw[round] ?? NaN));
}

async function eventWays(stack: Stack, vm: VmDriver): Promise<Figure[]> {
  await vm.start();
  const [states, stored] = [watchVm(stack, vm.id), watchEvents(stack, vm.id)];
  const seen: Record<"plain" | "keyed", number[]> = { plain: [], keyed: [] };
  const [seenStored, empty]: [number[], number[]] = [[], []];
  for (let round = 0; round < 2 * EVENT_ROUNDS + EVENT_WARM_UP; round++) {
    // In turns by twos, so that each kind pauses as often as it resumes.
    const kind = round % 4 < 2 ? "plain" : "keyed";
    const [name, state] = round % 2 === 0 ? ["pauseVm", "PAUSED"] as const : ["resumeVm", "RUNNING"] as const;
    await delay(CALM_MS);
    const [atVm, atEvents] = [states.when(state), stored.when(state)];
    const begin = performance.now();
    await verb(stack, name, vm.id, kind === "keyed" ? `round-${round}` : null);
    const [tookVm, tookEvents] = [(await atVm) - begin, (await atEvents) - begin];
    await delay(CALM_MS);
    const emptyTook = await stopwatch(() => stack.api.ask("{ __typename }"));
    if (round < EVENT_WARM_UP) continue;
    empty.push(emptyTook);
    seen[kind].push(tookVm);
    if (kind === "plain") seenStored.push(tookEvents);
  }
  await Promise.all([states.stop(), stored.stop()]);
  return [
    figure("event: pause or resume sent → new state at a subscriber", "ms", seen.plain, { atMost: 3 }, { name: "empty query over the same WebSocket", samples: empty }),
    figure("event: the same with an idempotency key, stored before the daemon is asked", "ms", seen.keyed, NO_TARGET),
    figure("event: the same → stored → at a subscriber of events", "ms", seenStored, NO_TARGET),
  ];
}

/** libvirt lives while it is a peer and no longer, so that it disturbs no other figure. */
async function againstLibvirt(stack: Stack, id: string): Promise<Figure[]> {
  await using libvirt = await Libvirt.startIfPresent();
  await using virsh = await libvirt?.open();
  if (virsh !== undefined) await libvirt?.define(virsh, libvirt.bareMachine(id));
  return await startsAndEnds(stack, id, virsh);
}

export const lifecycle: Suite = {
  name: "lifecycle",
  about: "start accepted → QEMU running, force off, event from verb to subscriber",
  async run() {
    await using stack = await Stack.start();
    const vm = await VmDriver.define(stack, bareGuest("bench-start"));
    return [...(await againstLibvirt(stack, vm.id)), ...(await eventWays(stack, vm))];
  },
};
