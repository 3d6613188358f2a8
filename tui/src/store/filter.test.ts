// The typed filter: what is shown while the server answers, has not answered, finds a fault, or is away.
import { describe, expect, it } from "vitest";
import { screen } from "../views/screen.js";
import { ASCII, UNICODE } from "../views/theme.js";
import type { Action } from "./actions.js";
import { FILTER_MAX_LENGTH } from "./filter.js";
import { reduce } from "./reduce.js";
import { visibleVms } from "./select.js";
import type { State } from "./state.js";
import { NOW, stateWith, vm } from "./testing.js";

const fleet = stateWith([vm({ id: "a" }), vm({ id: "b" }), vm({ id: "c" })]);
const after = (...actions: readonly Action[]): State => actions.reduce(reduce, fleet);
const shown = (state: State): string => visibleVms(state).map(({ id }) => id).join("");
const typed = (text: string): Action => ({ type: "filter", text });
const found = (where: string, ...ids: string[]): Action => ({ type: "matches", where, ids, fault: null });
const wrong = (where: string): Action => ({ type: "matches", where, ids: [], fault: { text: "Column 5: expected a value, found the end.", column: 5 } });

describe("the filter", () => {
  it("shows what the server finds, and everything until its first answer", () => {
    expect(shown(after(typed("x")))).toBe("abc");
    expect(shown(after(typed("x"), found("x", "a", "c", "gone")))).toBe("ac");
    expect(shown(after(typed("x"), found("x")))).toBe("");
  });

  it("keeps the last set for the next text, for a text with a fault and for a server that is away", () => {
    const narrowed = [typed("x"), found("x", "b")] as const;
    expect(shown(after(...narrowed, typed("xy")))).toBe("b");
    expect(shown(after(...narrowed, typed("cpu>"), wrong("cpu>")))).toBe("b");
    expect(shown(after(...narrowed, { type: "connection", connection: { phase: "lost", since: NOW, reason: "gone" } }, typed("z")))).toBe("b");
  });

  it("takes no answer to a text that was changed meanwhile", () => {
    expect(shown(after(typed("x"), found("x", "b"), typed("xy"), found("x", "a")))).toBe("b");
    expect(shown(after(typed("x"), typed(""), found("x", "a")))).toBe("abc");
  });

  it("forgets the set and the fault with the text; spaces alone are none", () => {
    const cleared = after(typed("x"), found("x", "b"), typed("  "));
    expect(cleared.ui.filter).toBe("");
    expect(shown(cleared)).toBe("abc");
    expect(after(typed("cpu>"), wrong("cpu>"), typed("cpu>5")).matches.fault).toBeNull();
    expect(shown(after(typed("x"), found("x", "b"), { type: "back" }))).toBe("abc");
  });

  it("lets nobody mark all before it is known what the text finds", () => {
    const early = after(typed("x"), { type: "markShown" });
    expect([early.ui.marks.size, early.ui.notice?.tone]).toEqual([0, "error"]);
    expect(after(typed("x"), found("x", "b"), typed("xy"), { type: "markShown" }).ui.marks.size).toBe(0);
    expect([...after(typed("x"), found("x", "b"), { type: "markShown" }).ui.marks]).toEqual(["b"]);
    expect(after({ type: "markShown" }).ui.marks.size).toBe(3);
  });

  it("moves the choice to what is still shown", () => {
    const chosen = after({ type: "moveTo", edge: "last" });
    expect(chosen.ui.selectedVmId).toBe("c");
    expect(reduce(reduce(chosen, typed("x")), found("x", "b")).ui.selectedVmId).toBe("b");
  });

  it("says a fault that comes after Enter in the status line", () => {
    expect(after(typed("cpu>"), wrong("cpu>")).ui.notice).toMatchObject({ tone: "error", text: expect.stringContaining("Column 5") as string });
  });
});

describe("the filter's prompt", () => {
  const prompting = (text: string): Action[] => [{ type: "prompt", prompt: { kind: "filter", text: "" } }, { type: "promptText", text }];
  const lines = (state: State, columns = 80, theme = UNICODE): string[] => {
    const frame = screen(state, { columns, rows: 24 }, theme);
    return [frame.line(22), frame.line(23)];
  };

  it("counts what is found, and shows a fault with its place where it is typed", () => {
    expect(lines(after(...prompting("x"), found("x", "a")))).toEqual([expect.stringMatching(/^ \/x/), expect.stringMatching(/^ 1 of 3\. Name/)]);
    const state = after(...prompting("cpu> or"), wrong("cpu> or"));
    expect(lines(state)).toEqual([expect.stringMatching(/^ \/cpu> or/), expect.stringContaining("▲ Column 5: expected a value")]);
    expect(lines(state, 80, ASCII)[1]).toContain("! Column 5");
    const frame = screen(state, { columns: 80, rows: 24 }, UNICODE);
    const look = (x: number) => frame.styles[22 * 80 + x];
    expect(look(5)).not.toEqual(look(6));
    expect(look(6)).toEqual(look(8));
  });

  it("shows the end of a text that is longer than the line, and takes no more than its limit", () => {
    const long = after(...prompting("abc".repeat(200)));
    expect(long.ui.filter).toHaveLength(FILTER_MAX_LENGTH);
    const [line] = lines(long);
    expect(line?.trimEnd()).toMatch(/^ \/….*c$/);
    expect(line?.trimEnd().length).toBeLessThan(80);
  });
});

describe("an alert in the status line", () => {
  const event = (cursor: bigint, kind: string, state: "CRASHED" | null, message: string) => ({ cursor, time: NOW, kind, vmId: "a", operationId: null, state, actor: null, message });
  const line = (...events: readonly ReturnType<typeof event>[]) => screen(reduce(fleet, { type: "events", events: [...events], newestCursor: null }), { columns: 80, rows: 24 }, UNICODE).line(22);
  it("is said with its symbol, but for the one that a crash raises", () => {
    expect(line(event(1n, "VM_CHANGED", null, "x"), event(2n, "ALERT_RAISED", null, "Hot: cpu 98% (>80)."))).toContain("▲ a: Hot: cpu 98% (>80).");
    expect(line(event(1n, "VM_STATE_CHANGED", "CRASHED", "QEMU exited 1"), event(2n, "ALERT_RAISED", null, "Crashed: state crashed."))).toContain("✖ a: QEMU exited 1");
  });
});

describe("alerts in the header", () => {
  const alert = { id: "1", vmId: "a", since: NOW, message: "m", ruleId: "r", ruleName: "R", severity: "WARNING", where: "cpu>1", forSeconds: 0 } as const;
  it("are counted with their symbol, and not mentioned when there are none", () => {
    const header = (alerts: readonly (typeof alert)[]) => screen(reduce(fleet, { type: "alerts", alerts: [...alerts] }), { columns: 80, rows: 24 }, UNICODE).line(0);
    expect(header([])).not.toContain("▲");
    expect(header([alert])).toContain("▲ 1 alert ");
    expect(header([alert, alert])).toContain("▲ 2 alerts");
  });
});
