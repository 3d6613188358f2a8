// What history has of each vCPU, as it goes into the store: by mean of each second live, by its highest second of then.
import { describe, expect, it } from "vitest";
import { vcpuPart } from "../store/detail-rings.js";
import { toVmSeries } from "./past-wire.js";
import { toVcpuHistory } from "./wire.js";

const FROM = "2026-01-01T12:00:00.000Z";
const series = (metric: string, values: (number | null)[]) => ({ metric, times: values.map((_, step) => new Date(Date.parse(FROM) + step * 1000).toISOString()), mean: values, max: values.map((value) => value && value * 2) });
const VCPUS = [0, 3].map((index) => ({ index, history: { series: [series("RATIO", [0.25, null]), series("STEAL_RATIO", [null, index]), series("NOT_KNOWN_YET", [1, 1])] } }));

describe("the history of vCPUs", () => {
  it("fills rings by the mean, each vCPU by its number", () => {
    const times = [Date.parse(FROM), Date.parse(FROM) + 1000];
    expect(toVcpuHistory(VCPUS)).toEqual({
      [vcpuPart(0, "ratio")]: { times, values: [0.25, null] }, [vcpuPart(0, "stealRatio")]: { times, values: [null, 0] },
      [vcpuPart(3, "ratio")]: { times, values: [0.25, null] }, [vcpuPart(3, "stealRatio")]: { times, values: [null, 3] },
    });
  });

  it("comes beside the VM's in a span, by the highest second", () => {
    const history = { from: FROM, to: "2026-01-01T12:00:02.000Z", stepSeconds: 1, series: [series("CPU_RATIO", [0.5, 1])] };
    const { figures } = toVmSeries("a", history, 300, VCPUS);
    expect(figures).toMatchObject({ cpu: [1, 2], [vcpuPart(0, "ratio")]: [0.5, NaN], [vcpuPart(3, "stealRatio")]: [NaN, 6] });
    expect(Object.keys(toVmSeries("a", history, 300).figures)).not.toContain(vcpuPart(0, "ratio"));
  });
});
