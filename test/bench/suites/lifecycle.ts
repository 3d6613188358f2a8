// Start, force off, and the way of an event from a verb to a subscriber, against raw QEMU in turns.
import { Stack } from "../../support/stack.js";
import { bareGuest, VmDriver } from "../../support/vm.js";
import { figure } from "../figure.js";
import { RawQemu } from "../raw-qemu.js";
import { type Suite, stopwatch } from "../suite.js";

const ROUNDS = 20;
/** The same machine as `bareGuest`, as a person would type it. */
const RAW_ARGS = [
  "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35", "-accel", "tcg,tb-size=32", "-m", "32", "-smp", "1",
  "-chardev", "socket,id=ser0,path=@FOLDER@/ser0.sock,server=on,wait=off", "-device", "isa-serial,chardev=ser0",
];

interface Change { vmChanged: { vm: { state: string } | null } }

/** Notes the instant at which each state of one VM first reached a subscriber. */
function watchStates(stack: Stack, id: string): { when(state: string): Promise<number>; stop(): Promise<void> } {
  const changes = stack.api.subscribe<Change>(`subscription ($id: ID!) { vmChanged(id: $id) { vm { state } } }`, { id });
  const waiting = new Map<string, (at: number) => void>();
  const loop = (async () => {
    for await (const { vmChanged } of changes) {
      const state = vmChanged.vm?.state ?? "GONE";
      waiting.get(state)?.(performance.now());
      waiting.delete(state);
    }
  })();
  return {
    when: (state) => new Promise((resolve) => waiting.set(state, resolve)),
    async stop() { await changes.return?.(); await loop; },
  };
}

export const lifecycle: Suite = {
  name: "lifecycle",
  about: "start accepted → QEMU running, force off, event from verb to subscriber",
  async run() {
    await using stack = await Stack.start();
    const vm = await VmDriver.define(stack, bareGuest("bench-start"));
    const states = watchStates(stack, vm.id);
    const ours = { start: [] as number[], off: [] as number[], event: [] as number[], call: [] as number[] };
    const raw = { start: [] as number[], off: [] as number[] };
    for (let round = 0; round <= ROUNDS; round++) {
      const running = states.when("RUNNING");
      const begin = performance.now();
      await vm.verb("startVm");
      const accepted = performance.now();
      const ranAt = await running;
      const paused = states.when("PAUSED");
      const pauseBegin = performance.now();
      await vm.verb("pauseVm");
      const pauseSeen = (await paused) - pauseBegin;
      const stopped = states.when("STOPPED");
      const offBegin = performance.now();
      await vm.verb("forceOffVm");
      const off = (await stopped) - offBegin;
      const peerStart = performance.now();
      const peer = await RawQemu.start(RAW_ARGS);
      const peerRan = performance.now() - peerStart;
      const peerOff = await stopwatch(() => peer.kill());
      if (round === 0) continue;
      // From the call, not from its answer: the answer may come after QEMU runs.
      ours.start.push(ranAt - begin);
      ours.call.push(accepted - begin);
      ours.event.push(pauseSeen);
      ours.off.push(off);
      raw.start.push(peerRan);
      raw.off.push(peerOff);
    }
    await states.stop();
    return [
      figure("start: mutation sent → RUNNING at a subscriber", "ms", ours.start, { peerPlus: 40 }, { name: "raw QEMU", samples: raw.start }),
      figure("start: mutation sent → accepted", "ms", ours.call, { none: true }),
      figure("force off: mutation sent → STOPPED at a subscriber", "ms", ours.off, { atMost: 30 }, { name: "raw QEMU", samples: raw.off }),
      figure("event: pause sent → PAUSED at a subscriber", "ms", ours.event, { atMost: 3 }),
    ];
  },
};
