// What programs cost while one of them paints a terminal: CPU and bytes over the same windows of time.
import type { TerminalDriver } from "../support/terminal.js";
import { cpuPercent } from "./process-cost.js";

export interface WindowPlan { readonly windowMs: number; readonly windows: number }

/** CPU in percent of a core, by process; bytes that the terminal was sent. One value a window. */
export interface TerminalCost { readonly cpu: readonly (readonly number[])[]; readonly bytesPerSecond: readonly number[] }

export async function terminalCost(screen: TerminalDriver, pids: readonly number[], { windowMs, windows }: WindowPlan): Promise<TerminalCost> {
  const cpu: number[][] = [];
  const bytesPerSecond: number[] = [];
  for (let window = 0; window < windows; window++) {
    const before = screen.bytes;
    const begun = performance.now();
    cpu.push(...await cpuPercent(pids, windowMs, 1));
    bytesPerSecond.push(((screen.bytes - before) / (performance.now() - begun)) * 1000);
  }
  return { cpu, bytesPerSecond };
}
