// Drives one VM through GraphQL the way a person would: define it, start it, wait for its shell, run a command, ask.
import { randomUUID } from "node:crypto";
import type { Stack } from "./stack.js";
import { DEADLINE_MS, eventually } from "./process.js";

export interface Definition { readonly id: string; readonly [field: string]: unknown }
export interface VerbResult { __typename: string; message?: string; effect?: string; vm?: { state: string }; operation?: { id: string } | null }
interface OperationSeen { id: string; state: string; error: string | null }

const RESULT = "__typename ... on Error { message } ... on VmOperationAccepted { effect vm { state } operation { id } }";
/** Those that take no more than a VM; the others have an input of their own name. */
const PLAIN_VERBS = new Set(["startVm", "forceOffVm", "resetVm", "pauseVm", "resumeVm"]);
const SHELL_PROMPT = /[#$] $/;

/** A small guest of the bundled image: boots to a shell on ttyS0. */
export function smallGuest(id: string, extra: Record<string, unknown> = {}): Definition {
  return {
    id,
    memory_mb: 128,
    vcpus: 1,
    boot: { kernel: "quetzal-guest/vmlinuz", initrd: "quetzal-guest/initrd.img", cmdline: "console=ttyS0 quiet" },
    features: ["tps", "ballooning", "virtio"],
    ...extra,
  };
}

/** A VM with nothing to boot: its firmware idles. For what concerns QEMU and not the guest. */
export function bareGuest(id: string, extra: Record<string, unknown> = {}): Definition {
  return { id, memory_mb: 32, vcpus: 1, features: ["virtio"], ...extra };
}

export class VmDriver {
  constructor(private readonly stack: Stack, readonly id: string, private readonly port = "ttyS0") {}

  /** The same VM, its shell spoken to on another serial port. */
  on(port: string): VmDriver { return new VmDriver(this.stack, this.id, port); }

  static async define(stack: Stack, definition: Definition): Promise<VmDriver> {
    const { putVm } = await stack.api.query<{ putVm: VerbResult }>(
      `mutation ($definition: JSON!) { putVm(input: { definition: $definition }) { __typename ... on Error { message } } }`,
      { definition },
    );
    if (putVm.__typename !== "PutVmSuccess") throw new Error(`putVm ${definition.id}: ${putVm.__typename}: ${putVm.message ?? ""}`);
    return new VmDriver(stack, definition.id);
  }

  /** Calls a verb and gives the result union as it came. */
  async verb(name: string, input: Record<string, unknown> = {}): Promise<VerbResult> {
    const type = PLAIN_VERBS.has(name) ? "VmVerbInput" : `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
    const data = await this.stack.api.query<Record<string, VerbResult>>(
      `mutation ($input: ${type}!) { ${name}(input: $input) { ${RESULT} } }`,
      { input: { id: this.id, ...input } },
    );
    return data[name] as VerbResult;
  }

  /** Calls a verb and waits for its operation's end, which it gives; throws when it is refused or fails. */
  async complete(name: string, input: Record<string, unknown> = {}): Promise<OperationSeen> {
    const result = await this.verb(name, input);
    const id = result.operation?.id;
    if (id === undefined) throw new Error(`${name} ${this.id}: ${result.__typename}: ${result.message ?? ""}`);
    const operation = await this.operationEnd(id);
    if (operation.state !== "SUCCEEDED") throw new Error(`${name} ${this.id}: ${operation.state}: ${operation.error ?? ""}`);
    return operation;
  }

  /** Undoes what the memory controller decided about it; `at` absent: the newest that can be. */
  async undoDecision(input: { readonly at?: string | undefined; readonly dryRun?: boolean } = {}): Promise<VerbResult> {
    const { undone } = await this.stack.api.query<{ undone: VerbResult }>(`mutation ($input: UndoMemoryDecisionInput!) { undone: undoMemoryDecision(input: $input) { ${RESULT} } }`, { input: { vmId: this.id, ...input } });
    return undone;
  }

  async operationEnd(id: string): Promise<OperationSeen> {
    return eventually(`operation ${id} to end`, async () => {
      const { operation } = await this.stack.api.query<{ operation: OperationSeen }>(`query ($id: ID!) { operation(id: $id) { id state error } }`, { id });
      return operation.state === "RUNNING" ? undefined : operation;
    });
  }

  /** Undoes an operation, and waits until that has been done; throws when it is refused or fails. */
  async undo(operationId: string): Promise<void> {
    const { state, error } = await this.undone(operationId);
    if (state !== "SUCCEEDED") throw new Error(`undoing ${operationId}: ${state}: ${error ?? ""}`);
  }

  /** Undoes an operation and gives the end of what did it; throws when it is refused. */
  async undone(operationId: string): Promise<OperationSeen> {
    const { undoOperation } = await this.stack.api.query<{ undoOperation: VerbResult }>(`mutation ($id: ID!) { undoOperation(input: { id: $id }) { ${RESULT} } }`, { id: operationId });
    const id = undoOperation.operation?.id;
    if (id === undefined) throw new Error(`undoing ${operationId}: ${undoOperation.__typename}: ${undoOperation.message ?? ""}`);
    return this.operationEnd(id);
  }

  start = () => this.complete("startVm");
  forceOff = () => this.complete("forceOffVm");

  async show<T = { state: string; pid: number | null; crash: { cause: string } | null }>(fields = "state pid crash { cause }"): Promise<T> {
    const { vm } = await this.stack.api.query<{ vm: T }>(`query ($id: ID!) { vm(id: $id) { ${fields} } }`, { id: this.id });
    return vm;
  }

  async waitForState(state: string): Promise<void> {
    await eventually(`${this.id} to be ${state}`, async () => (await this.show()).state === state);
  }

  /** Waits for the guest's shell prompt on ttyS0. */
  async waitForBoot(): Promise<void> {
    await this.readUntil((text) => text.includes("QuetzalCore guest ready"), 65_536, DEADLINE_MS * 2);
  }

  /** Runs a command in the guest's shell over the serial console and gives what it printed. */
  async run(command: string): Promise<string> {
    const mark = randomUUID().slice(0, 8);
    // Split in the command, so that no echo of it, wrapped or not, looks like what is printed around the answer.
    await this.type(`echo beg''in-${mark}; ${command}; echo do''ne-${mark}\n`);
    const [begin, end] = [`begin-${mark}\r\n`, `done-${mark}\r\n`];
    const text = await this.readUntil((seen) => seen.includes(end), 65_536);
    return text.slice(text.lastIndexOf(begin) + begin.length, text.lastIndexOf(end)).trim().replaceAll("\r\n", "\n");
  }

  async type(text: string): Promise<void> {
    const { consoleInput } = await this.stack.api.query<{ consoleInput: VerbResult }>(
      `mutation ($input: ConsoleInputInput!) { consoleInput(input: $input) { __typename ... on Error { message } } }`,
      { input: { vm: this.id, port: this.port, session: randomUUID(), sequence: 1, data: Buffer.from(text).toString("base64"), takeOver: true } },
    );
    if (consoleInput.__typename !== "ConsoleInputAccepted") throw new Error(`consoleInput: ${consoleInput.__typename}: ${consoleInput.message ?? ""}`);
  }

  /** Reads the console from `lastBytes` before its end until `done` holds for what was read. */
  async readUntil(done: (text: string) => boolean, lastBytes: number, deadlineMs = DEADLINE_MS): Promise<string> {
    const output = this.stack.api.subscribe<{ consoleOutput: { data?: string } }>(
      `subscription ($id: ID!, $port: String, $last: Bytes) { consoleOutput(vm: $id, port: $port, lastBytes: $last) { ... on ConsoleChunk { data } } }`,
      { id: this.id, port: this.port, last: lastBytes },
    );
    let text = "";
    const timeout = AbortSignal.timeout(deadlineMs);
    timeout.addEventListener("abort", () => void output.return?.());
    try {
      for await (const { consoleOutput } of output) {
        text += Buffer.from(consoleOutput.data ?? "", "base64").toString("utf8");
        if (done(text)) return text;
      }
    } finally {
      await output.return?.();
    }
    throw new Error(`${this.id}: ${timeout.aborted ? `nothing fitting within ${deadlineMs} ms` : "the console closed"}; last output: ${text.slice(-500)}`);
  }

  /** Whether the shell shows its prompt as the last thing on the console. */
  async atPrompt(): Promise<boolean> {
    return SHELL_PROMPT.test(await this.readUntil(() => true, 16));
  }
}
