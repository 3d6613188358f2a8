import { describe, expect, it } from "vitest";
import { figure, formatFigure, NO_TARGET, peer, quantile } from "./figure.js";

describe("figure", () => {
  it.each([[[3, 1, 2], 0.5, 2], [[1], 0.95, 1], [[1, 2, 3, 4], 0.5, 2], [Array.from({ length: 100 }, (_, i) => i + 1), 0.95, 95]])(
    "takes the nearest rank of %j at %d", (samples, share, expected) => { expect(quantile(samples, share)).toBe(expected); });

  it("refuses to make a figure of nothing", () => { expect(() => quantile([], 0.5)).toThrow("no samples"); });

  it("reports a missed target as missed", () => { expect(figure("f", "ms", [10, 11, 12], { atMost: 5 })).toMatchObject({ median: 11, met: false, target: "≤ 5 ms" }); });

  it.each([[{ atMost: 11, p95AtMost: 12 }, true], [{ atMost: 11, p95AtMost: 11 }, false], [{ atMost: 10, p95AtMost: 12 }, false], [{ p95AtMost: 12 }, true], [{ p95AtMost: 11 }, false]])(
    "judges median and p95 by what is promised of each: %j", (target, met) => { expect(figure("f", "ms", [10, 11, 12], target).met).toBe(met); });

  it.each([[{ worstAtMost: 12 }, true, "each ≤ 12 ms"], [{ worstAtMost: 11 }, false, "each ≤ 11 ms"], [{ atMost: 9, worstAtMost: 12 }, false, "≤ 9 ms, each ≤ 12 ms"]])(
    "judges every sample where that is promised: %j", (target, met, words) => { expect(figure("f", "ms", [10, 12, 11, 10], target)).toMatchObject({ worst: 12, met, target: words }); });

  it("lets no single sample pass in a crowd that a percentile would hide it in", () => {
    const samples = [...Array.from({ length: 99 }, () => 10), 2_000];
    expect([figure("f", "ms", samples, { p95AtMost: 11 }).met, figure("f", "ms", samples, { worstAtMost: 11 }).met]).toEqual([true, false]);
  });

  it.each([[110, true], [111, false]])("sets the worst sample, %d, against the worst of the peer", (worst, met) => {
    expect(figure("f", "ms", [50, worst], { worstPeerPlus: 10 }, { name: "calm", samples: [50, 100] })).toMatchObject({ met, target: "each ≤ the worst of calm + 10 ms" });
  });

  it("judges by the rest of what is promised where the peer is missing", () => {
    expect(figure("f", "ms", [50], { atMost: 40, worstPeerPlus: 10 })).toMatchObject({ met: false, target: "≤ 40 ms, each ≤ the worst of peer + 10 ms" });
    expect(figure("f", "ms", [50], { worstPeerPlus: 10 }).met).toBeNull();
  });

  it("tells a computed limit in four digits and compares it in all of them", () => {
    const limit = 10.333789062500001;
    const judged = (ours: number) => figure("f", "MiB", [ours], { peerPlus: limit }, { name: "before", samples: [100] });
    expect([judged(110.3337), judged(110.3338)]).toMatchObject([{ met: true, target: "≤ before + 10.33 MiB" }, { met: false, target: "≤ before + 10.33 MiB" }]);
    expect(figure("f", "MiB", [1], { peerShare: 1 / 3 }, { name: "before", samples: [100] }).target).toBe("≤ 0.3333 × before");
  });

  it("judges against the peer of the same run", () => {
    expect(figure("f", "ms", [50], { peerPlus: 40 }, { name: "raw QEMU", samples: [20] })).toMatchObject({ met: true, ratio: 2.5 });
  });

  it("judges against a share of the peer of the same run", () => {
    const judged = (ours: number) => figure("f", "MiB", [ours], { peerShare: 0.4 }, { name: "plain QEMU", samples: [200] });
    expect([judged(80), judged(81)]).toMatchObject([{ met: true, target: "≤ 0.4 × plain QEMU" }, { met: false }]);
  });

  it("promises nothing where the peer is missing", () => { expect(figure("f", "ms", [50], { peerPlus: 40 })).toMatchObject({ met: null, peer: null, ratio: null, peers: [] }); });

  it("carries every peer and sets the target against the first", () => {
    const one = figure("f", "ms", [50], { peerPlus: 40 }, { name: "raw QEMU", samples: [20] }, ...peer("libvirt", [200, 300, 250]));
    expect(one).toMatchObject({ met: true, ratio: 2.5, target: "≤ raw QEMU + 40 ms", peer: { name: "raw QEMU", n: 1 } });
    expect(one.peers).toEqual([one.peer, { name: "libvirt", median: 250, p95: 300, worst: 300, n: 3, ratio: 0.2 }]);
    expect(formatFigure(one)).toContain("raw QEMU 20 (×2.5)  libvirt 250 (×0.2)");
  });

  it("leaves out a peer that was not there", () => { expect(figure("f", "ms", [1], NO_TARGET, ...peer("libvirt", [])).peers).toEqual([]); });

  it("divides by no peer that took nothing", () => { expect(figure("f", "%", [1], NO_TARGET, ...peer("libvirt", [0]))).toMatchObject({ ratio: null, peer: { median: 0, ratio: null } }); });
});
