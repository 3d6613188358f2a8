// `quetzal cpu set`: vCPUs and policy of VMs, as one deed of two steps.
import { graphql } from "../../client/document.js";
import type { CommandContext } from "../context.js";
import { CommandError, EXIT } from "../exit.js";
import { orNull } from "../grammar/parsers.js";
import type { Default, Pin } from "../grammar/parsers.js";
import { stepsDeed } from "../memory/set.js";
import type { Step } from "../memory/set.js";
import type { DeedOptions } from "../vm/deed.js";
import { carryOut } from "../vm/drive.js";
import type { Chosen } from "../vm/select.js";
import { VERB_RESULT, answerOf } from "../vm/verbs.js";

const VCPUS = graphql(`mutation SetVcpus($input: SetVmVcpusInput!) { result: setVmVcpus(input: $input) { ...VerbResult } }`, [VERB_RESULT]);
const POLICY = graphql(`mutation SetCpuPolicy($input: SetVmCpuPolicyInput!) { result: setVmCpuPolicy(input: $input) { ...VerbResult } }`, [VERB_RESULT]);

export interface SetCpuOptions extends DeedOptions {
  readonly vcpus?: number;
  readonly weight?: number | Default;
  readonly limit?: number | Default;
  readonly pin?: readonly Pin[] | Default;
  readonly emulator?: readonly number[] | Default;
}

export async function setCpu(context: CommandContext, chosen: Chosen, options: SetCpuOptions): Promise<void> {
  const steps = cpuSteps(options);
  if (steps.length === 0) throw new CommandError(EXIT.usage, "Usage", "Nothing to set: give --vcpus, --weight, --limit, --pin or --emulator.");
  await carryOut(context, stepsDeed("set cpu", steps, options), chosen, options);
}

function cpuSteps({ vcpus, weight, limit, pin, emulator }: SetCpuOptions): Step[] {
  const policy = {
    ...(weight === undefined ? {} : { weight: orNull(weight) }), ...(limit === undefined ? {} : { limitPercent: orNull(limit) }),
    ...(pin === undefined ? {} : { pins: orNull(pin)?.map(({ vcpu, cpus }) => ({ vcpu, cpus: [...cpus] })) ?? null }),
    ...(emulator === undefined ? {} : { emulatorCpus: orNull(emulator)?.slice() ?? null }),
  };
  const steps: Step[] = [];
  if (Object.keys(policy).length > 0) steps.push((context, id, dryRun) => answerOf(context, POLICY, { input: { id, dryRun, ...policy } }));
  if (vcpus !== undefined) steps.push((context, id, dryRun) => answerOf(context, VCPUS, { input: { id, dryRun, count: vcpus } }));
  return steps;
}
