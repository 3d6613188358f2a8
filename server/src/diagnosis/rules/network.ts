// Network: are packets of this VM dropped.
import { judge, settled, type Judged } from "../finding.js";
import { measure, type Span } from "../measure.js";
import type { Observations } from "../model.js";
import { THRESHOLDS } from "../thresholds.js";

export function networkRules({ figures, vm }: Observations, span: Span): Judged[] {
  const look = { kind: "NETWORK_DROPS", title: "network drops" } as const;
  const figure = { name: "packets dropped", threshold: THRESHOLDS.networkDrops };
  if (vm.network === "none") return [settled("ruledOut", look, figure, "It has no network interface.")];
  if (vm.network === "user") return [settled("notKnown", look, figure, "Whether packets are dropped cannot be told: user-mode networking has no counters on the host; join the VM to a bridge to have them.")];
  return [judge({
    ...look, main: { ...figure, measured: measure(span, figures.NETWORK_DROPS_PER_SECOND, (rate) => rate > THRESHOLDS.networkDrops.value), bad: "above" },
    whyNotKnown: "The drops are not in the history of this window.",
    advice: "Packets for or from this VM are thrown away: its guest takes them too slowly (look at its CPU and steal) or somebody floods it. The command shows where they are dropped.",
    adviceCommand: "ip -s link",
  })];
}
