// Whatever a server may tell of memory, well shaped and otherwise as bad as can be: parts that add up to nothing, hostile
// texts, impossible figures, answers to targets that nobody typed.
import fc from "fast-check";
import { toBreakdown, toHostMemory, toVmMemoryDetail } from "../../tui/src/feed/memory-wire.js";
import type { Action } from "../../tui/src/store/actions.js";
import { MEMORY_CONTROLS, MEMORY_PARTS } from "../../tui/src/store/memory.js";
import type { PastFrame } from "../../tui/src/store/past.js";
import { paintable } from "../../tui/src/store/sanitize.js";
import { RECORDED_HOST, RECORDED_NOW } from "./recorded-fleet.js";

const IDS = ["web-1", "web-2", "db-old", "spare", "test-vm-001"] as const;
const anyBytes = fc.oneof(fc.nat(2 ** 31), fc.double(), fc.constantFrom(0, -1, 1e300, 2 ** 63));

/** A breakdown, decisions, and all of one VM, given whatever texts there are. */
function anyParts(anyText: fc.Arbitrary<string>) {
  const at = new Date(RECORDED_NOW).toISOString();
  const breakdown = fc.option(fc.record({ total: anyBytes, rest: anyBytes, text: anyText, parts: fc.array(fc.record({ kind: fc.constantFrom(...MEMORY_PARTS), bytes: anyBytes, description: anyText, source: anyText }), { maxLength: 12 }) })
    .map(({ total, rest, text, parts }) => ({ at, totalBytes: total, source: text, remainderBytes: String(rest), parts })));
  const decisions = fc.array(fc.record({ vmId: fc.constantFrom(...IDS), action: fc.constantFrom("BALLOON", "PAGE_OUT", "ASK_FOR_ROOM"), fromBytes: anyBytes, toBytes: anyBytes, reason: anyText, carriedOut: fc.boolean(), effect: fc.option(anyBytes) }), { maxLength: 6 })
    .map((list) => list.map(({ effect, ...one }) => ({ ...one, time: at, effectBytes: effect === null ? null : String(effect) })));
  const control = fc.constantFrom(...MEMORY_CONTROLS);
  const detail = fc.record({ id: fc.constantFrom(...IDS), amount: anyBytes, text: anyText, control, breakdown, decisions, known: fc.boolean() }).map(({ id, amount, text, control: mode, breakdown: where, decisions: list, known }) => toVmMemoryDetail({
    id, memoryBreakdown: where, memoryDecisions: list,
    memoryCompression: known ? { originalBytes: amount, storedBytes: amount, ratio: amount } : null,
    room: known ? { balloonTargetBytes: amount, balloonFloorBytes: amount, memoryTargetBytes: amount, memoryMaxBytes: amount, vcpusTarget: 1, vcpusMax: 3 } : null,
    memoryPolicy: { floorBytes: amount, ceilingBytes: amount, maxBytes: amount, shares: 1, control: mode, sharingDomain: text },
    cpuPolicy: { weight: 1, limitPercent: known ? 50 : null, pins: [{ vcpu: 0, cpus: [0, 2] }], emulatorCpus: known ? [1] : null, maxVcpus: 3 },
  }));
  return { breakdown, decisions, detail };
}

/** What the frame of an instant holds of memory: asked for or not, of the host and of some VMs, and of one. */
export function anyMemoryThen(anyText: fc.Arbitrary<string>): fc.Arbitrary<Pick<PastFrame, "memory" | "one">> {
  const { breakdown, detail } = anyParts(anyText);
  const memory = fc.option(fc.record({ where: breakdown, vms: fc.array(detail, { maxLength: 4 }) }).map(({ where, vms }) => ({ hosts: new Map([[RECORDED_HOST.id, toBreakdown(where)]]), vms })));
  return fc.record({ memory, one: fc.option(detail.map((one) => ({ detail: null, allDisks: null, memory: one }))) });
}

/** News of memory, given whatever texts there are. */
export function anyMemoryNews(anyText: fc.Arbitrary<string>): fc.Arbitrary<Action> {
  const { breakdown, decisions, detail } = anyParts(anyText);
  const host = fc.record({ text: anyText, breakdown, decisions, amount: anyBytes, ksm: fc.constantFrom("UNTOUCHED", "TUNED", "STOPPED", "UNMERGED"), zip: fc.constantFrom("UNTOUCHED", "ZRAM", "ZSWAP"), state: fc.constantFrom("HIGH", "SOFT", "HARD", "LOW"), isOn: fc.boolean() })
    .map(({ text, breakdown: where, decisions: list, amount, ksm, zip, state, isOn }) => toHostMemory(RECORDED_HOST.id, {
      memoryBreakdown: where, memoryDecisions: list,
      memory: isOn && ksm === "STOPPED" ? null : {
        ksm: { mode: ksm, cpuBudgetPercent: 5, activeDomain: text, reason: text, pagesPerScan: 1, sleepMs: 1, cpuUsedRatio: amount }, compression: { mode: zip, sizeBytes: amount, algorithm: text },
        controller: { enabled: isOn, idleTaxPercent: 75, highPercent: 6, softPercent: 4, hardPercent: 2, lowPercent: 1 }, state, thresholds: { highBytes: amount, softBytes: 1, hardBytes: 1, lowBytes: 1 },
      },
    }));
  return fc.oneof(
    fc.record({ host, vms: fc.array(detail, { maxLength: 4 }) }).map((news): Action => ({ type: "memory", ...news })),
    detail.map((one): Action => ({ type: "vmMemory", detail: one })),
    anyText.map((reason): Action => ({ type: "memoryFault", reason: paintable(reason) })),
    fc.record({ vmId: fc.constantFrom(...IDS), what: fc.constantFrom("balloon" as const, "vcpus" as const, "memoryControl" as const), text: fc.constantFrom("", "1", "2", "on", "off", "recommend"), can: fc.boolean(), said: anyText.map(paintable) })
      .map(({ vmId, what, text, can, said }): Action => ({ type: "targetJudged", vmId, what, text, judgement: can ? { can, effect: said } : { can, reason: said } })),
  );
}
