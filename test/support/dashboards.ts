// The same dashboard in several terminals at once, driven in step: what golden screens are taken of. Each has a server of
// its own, so that what is done in one is done in none of the others.
import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import { DashboardDriver } from "./dashboard.js";
import type { DashboardOptions } from "./dashboard.js";
import { ScreenReader, goldenScreen } from "./golden-screen.js";

/** A screen that is not as recorded has this long to become so, and then counts once nothing was written for a while. */
const SETTLE_DEADLINE_MS = 4_000;
const QUIET_MS = 400;
const POLL_MS = 15;
/** Pages say so while the server has not answered; by then it has. */
const ASKED = /\b[Aa]sking |Opening the console/;
const ASKED_DEADLINE_MS = 5_000;

/** Keys, each step with what it must show before the next. */
export type Steps = readonly (readonly [keys: string, shows: RegExp])[];

interface Shown { readonly name: string; readonly dashboard: DashboardDriver; readonly reader: ScreenReader }

export class Dashboards implements AsyncDisposable {
  private constructor(private readonly shown: readonly Shown[], private readonly columns: number) {}

  /** One dashboard for each environment, by the name that the golden screen has for it. */
  static async open(environments: Readonly<Record<string, NodeJS.ProcessEnv>>, { columns = 80, rows = 24, env = {}, ...options }: DashboardOptions = {}): Promise<Dashboards> {
    const opened = await Promise.all(Object.entries(environments).map(async ([name, own]) => {
      const dashboard = await DashboardDriver.open({ ...options, columns, rows, env: { ...env, ...own } });
      return { name, dashboard, reader: new ScreenReader(dashboard.terminal, columns, rows) };
    }));
    return new Dashboards(opened, columns);
  }

  /** What is done with each of them, all at once. */
  async each(does: (dashboard: DashboardDriver) => Promise<unknown>): Promise<void> {
    await Promise.all(this.shown.map(({ dashboard }) => does(dashboard)));
  }

  async ready(): Promise<this> {
    await this.each((dashboard) => dashboard.ready());
    return this;
  }

  async walk(steps: Steps): Promise<void> {
    await this.each(async (dashboard) => {
      for (const [keys, shows] of steps) await dashboard.press(keys, shows);
    });
  }

  send(keys: string): void {
    for (const { dashboard } of this.shown) dashboard.terminal.send(keys);
  }

  home(): Promise<void> {
    return this.each((dashboard) => dashboard.home());
  }

  golden(): string {
    return goldenScreen(this.shown.map(({ name, reader }) => [name, reader] as const), this.columns);
  }

  /** For a comparison with that file: the screen as soon as it is as recorded, or what it was at the end. */
  async settled(file: URL): Promise<string> {
    const recorded = await readFile(file, "utf8").catch(() => null);
    const end = performance.now() + SETTLE_DEADLINE_MS;
    let looked = this.golden();
    while (recorded !== null && performance.now() < end) {
      if (looked === recorded) return recorded;
      await setTimeout(POLL_MS);
      if (this.shown.some(({ reader }) => !reader.isCurrent)) looked = this.golden();
    }
    const latest = performance.now() + ASKED_DEADLINE_MS;
    for (let before = -1; before !== this.bytes || (ASKED.test(this.golden()) && performance.now() < latest); ) {
      before = this.bytes;
      await setTimeout(QUIET_MS);
    }
    return this.golden();
  }

  /** Written to all the terminals so far. */
  private get bytes(): number {
    return this.shown.reduce((sum, { dashboard }) => sum + dashboard.terminal.bytes, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { reader } of this.shown) reader[Symbol.dispose]();
    await this.each((dashboard) => dashboard[Symbol.asyncDispose]());
  }
}
