// `quetzal memory set` and `page-out`: targets and policy of VMs, as one deed of several steps.
import { graphql } from "../../client/document.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT } from "../exit.js";
import { orNull } from "../grammar/parsers.js";
import type { Default } from "../grammar/parsers.js";
import { deadlineIn, waitForOperation } from "../wait.js";
import { DEFAULT_WAIT_SECONDS } from "../vm/deed.js";
import type { Answer, Deed, DeedOptions } from "../vm/deed.js";
import { carryOut } from "../vm/drive.js";
import type { Chosen } from "../vm/select.js";
import { VERB_RESULT, answerOf } from "../vm/verbs.js";

const BALLOON = graphql(`mutation SetBalloon($input: SetVmBalloonInput!) { result: setVmBalloon(input: $input) { ...VerbResult } }`, [VERB_RESULT]);
const RESIZE = graphql(`mutation ResizeMemory($input: ResizeVmMemoryInput!) { result: resizeVmMemory(input: $input) { ...VerbResult } }`, [VERB_RESULT]);
const PAGE_OUT = graphql(`mutation PageOut($input: PageOutVmInput!) { result: pageOutVm(input: $input) { ...VerbResult } }`, [VERB_RESULT]);
const POLICY = graphql(`mutation SetMemoryPolicy($input: SetVmMemoryPolicyInput!) { result: setVmMemoryPolicy(input: $input) { ...VerbResult } }`, [VERB_RESULT]);

export const CONTROLS = ["off", "recommend", "on", "default"] as const;
const CONTROL_NAMES = { off: "OFF", recommend: "RECOMMEND", on: "ON", default: null } as const;

export interface SetMemoryOptions extends DeedOptions {
  /** Bytes. */
  readonly balloon?: number;
  readonly size?: number;
  readonly floor?: number | Default;
  readonly ceiling?: number | Default;
  readonly shares?: number | Default;
  readonly control?: (typeof CONTROLS)[number];
  readonly domain?: string;
}

/** One call of the server in a deed. */
export type Step = (context: CommandContext, id: string, dryRun: boolean) => Promise<Answer>;

export async function setMemory(context: CommandContext, chosen: Chosen, options: SetMemoryOptions): Promise<void> {
  const steps = memorySteps(options);
  if (steps.length === 0) throw new CommandError(EXIT.usage, "Usage", "Nothing to set: give --balloon, --size, --floor, --ceiling, --shares, --control or --domain.");
  await carryOut(context, stepsDeed("set memory", steps, options), chosen, options);
}

/** Memory is plugged in before a balloon is asked to leave it. */
function memorySteps({ balloon, size, floor, ceiling, shares, control, domain }: SetMemoryOptions): Step[] {
  const policy = {
    ...(floor === undefined ? {} : { floorBytes: orNull(floor) }), ...(ceiling === undefined ? {} : { ceilingBytes: orNull(ceiling) }), ...(shares === undefined ? {} : { shares: orNull(shares) }),
    ...(control === undefined ? {} : { control: CONTROL_NAMES[control] }), ...(domain === undefined ? {} : { sharingDomain: domain }),
  };
  const steps: Step[] = [];
  if (Object.keys(policy).length > 0) steps.push((context, id, dryRun) => answerOf(context, POLICY, { input: { id, dryRun, ...policy } }));
  if (size !== undefined) steps.push((context, id, dryRun) => answerOf(context, RESIZE, { input: { id, dryRun, targetBytes: size } }));
  if (balloon !== undefined) steps.push((context, id, dryRun) => answerOf(context, BALLOON, { input: { id, dryRun, targetBytes: balloon } }));
  return steps;
}

/** Each step is done before the next is asked for; the last is the deed's operation. */
export function stepsDeed(words: string, steps: readonly Step[], options: DeedOptions): Deed {
  const seconds = options.timeout ?? DEFAULT_WAIT_SECONDS;
  return {
    words,
    care: "none",
    async ask(context, id, as) {
      const answers: Answer[] = [];
      using deadline = deadlineIn(seconds);
      for (const step of steps) {
        const before = answers.at(-1)?.operation ?? null;
        if (before !== null) await waitForOperation(context, before, { deadline: deadline.signal, seconds });
        answers.push(await step(context, id, as === "trial"));
      }
      const last = answers.at(-1);
      if (last === undefined) throw new CommandError(EXIT.usage, "Usage", "Nothing to set.");
      return { vm: last.vm, operation: last.operation, effect: answers.map(({ effect }) => effect).join(" ") };
    },
  };
}

export async function pageOutVms(context: CommandContext, chosen: Chosen, options: DeedOptions & { readonly size?: number }): Promise<void> {
  const bytes = options.size ?? null;
  const deed: Deed = { words: "page out", care: "none", ask: (own, id, as) => answerOf(own, PAGE_OUT, { input: { id, dryRun: as === "trial", bytes } }) };
  await carryOut(context, deed, chosen, options);
}
