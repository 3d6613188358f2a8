import { describe, expect, it } from "vitest";
import type { Alert, Host } from "../store/model.js";
import { reduce } from "../store/reduce.js";
import { NOW, stateWith, vm } from "../store/testing.js";
import type { State } from "../store/state.js";
import { kvmNote } from "./host-plots.js";
import { screen } from "./screen.js";
import { UNICODE } from "./theme.js";

const SIZE = { columns: 80, rows: 24 };
const HOST: Host = {
  id: "lab1", name: "lab1", connected: false, connectionError: "connection refused", connectedSince: NOW, bootedAt: null, cpuModel: "A CPU", cpuCount: 2, memoryBytes: 1,
  daemonVersion: "0.1.0", qemuVersion: "7.2", kernel: "6.1", capabilities: [],
};
const ALERT: Alert = { id: "1", vmId: "web-1", since: NOW, message: "x", ruleId: "r", ruleName: "r", severity: "WARNING", where: "cpu>1", forSeconds: 1 };
const crowded = stateWith((["RUNNING", "PAUSED", "STARTING", "STOPPED", "CRASHED"] as const).flatMap((state) => Array.from({ length: 12 }, (_, index) => vm({ id: `${state.toLowerCase()}-${index}`, state }))));
const welcomed = (hosts: Host[], databaseConnected = true): State => reduce(reduce(crowded, { type: "welcomed", role: "OPERATOR", clockSkewMs: 0, databaseConnected, hosts, hostSamples: [] }), { type: "alerts", alerts: [ALERT, ALERT] });
const header = (state: State): string => screen(state, SIZE, UNICODE).line(0);

describe("the first line", () => {
  it.each<[string, State]>([["▲ host unreachable", welcomed([HOST])], ["▲ database away", welcomed([{ ...HOST, connected: true }], false)], ["▲ 1 of 2 hosts unreachable", welcomed([HOST, { ...HOST, id: "lab2", connected: true }])]])("says %s whole, before any count, and of the counts what has room", (trouble, state) => {
    expect(header(state)).toMatch(new RegExp(`^ quetzal (lab1|2 hosts) │ ${trouble} │ 60 VMs( +. 12)*( │ ▲ 2 alerts)? +age .* operator`));
  });

  it("says it on the page of a VM too", () => {
    expect(header(reduce(welcomed([HOST]), { type: "goTo", vmId: "running-1" }))).toMatch(/lab1 │ ▲ host unreachable › running-1 /);
  });

  it("says nothing of hosts that are there", () => expect(header(welcomed([{ ...HOST, connected: true }]))).toMatch(/quetzal lab1 │ 60 VMs +● 12 +‖ 12 +◐ 12 +✖ 12 │ ▲ 2 alerts +age/));

  it("keeps trouble and drops whole the counts that matter least, of now and of then", () => {
    const connected = welcomed([{ ...HOST, connected: true }]);
    const narrow = (name: string): string => header({ ...connected, hosts: [{ ...HOST, connected: true, name }] });
    expect(narrow("a-host-with-a-long-name")).toMatch(/│ 60 VMs +✖ 12 │ ▲ 2 alerts +age/);
    const then = reduce(connected, { type: "scrub", steps: -1 });
    expect(header(then)).toMatch(/^ PAST 2026-11-23 \d\d:\d\d:\d\d UTC, \d+s ago .*[^ ] {2,}asking {2}0 now $/);
  });

  it("of a long name cuts the end, and tells its state whole", () => {
    const state = reduce(stateWith([vm({ id: "x", label: "A name as long as a name may be, of a machine that someone loved" })]), { type: "goTo", vmId: "x" });
    expect(header(state)).toMatch(/› A name as .*….*omeone loved {3}● running +age/);
  });
});

describe("the note of KVM", () => {
  const noted = (reason: string | null, available = false) => Object.values(kvmNote({ ...HOST, capabilities: [{ name: "kvm", available, reason, mend: null }] })).join(" ");
  it.each([
    ["emulated only: 989 ns an iteration, using TCG", "TCG: KVM emulated only, 989 ns an iteration"],
    ["/dev/kvm is not there; using TCG", "TCG: /dev/kvm is not there"], ["switched off", "KVM switched off"], [null, "KVM not available"],
  ])("of %s says what follows first", (reason, said) => expect(noted(reason)).toBe(said));
  it("is short where KVM is real", () => expect(noted("real: 0.5 ns an iteration", true)).toBe("KVM available"));
});
