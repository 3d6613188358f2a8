// Consoles in GraphQL.
import { builder } from "../graphql/builder.js";
import { answer, resultUnion } from "../graphql/errors.js";
import type { ConsoleOutput } from "./service.js";

type Part<K extends ConsoleOutput["kind"]> = Extract<ConsoleOutput, { kind: K }>;

const ConsoleChunkRef = builder.objectRef<Part<"chunk">>("ConsoleChunk").implement({
  description: "Bytes that the guest wrote.",
  fields: (t) => ({
    offset: t.expose("offset", { type: "Bytes", description: "Absolute offset of the first byte since the VM was last started." }),
    data: t.exposeString("data", { description: "Raw guest bytes in base64; not to be trusted." }),
    skippedBytes: t.expose("skippedBytes", { type: "Bytes", description: "Bytes lost to this reader just before `offset`." }),
  }),
});
const ConsoleAudienceRef = builder.objectRef<Part<"audience">>("ConsoleAudience").implement({
  description: "Who writes and how many read. Sent first and at every change.",
  fields: (t) => ({
    writer: t.exposeString("writer", { nullable: true, description: "Session that holds the pen; null: nobody writes." }),
    readers: t.exposeInt("readers", { description: "Number of readers, this one included." }),
  }),
});
const ConsoleClosedRef = builder.objectRef<Part<"closed">>("ConsoleClosed").implement({
  description: "The VM's QEMU ended; nothing follows.",
  fields: (t) => ({ reason: t.exposeString("reason", { description: "One sentence." }) }),
});
const TYPES = { chunk: "ConsoleChunk", audience: "ConsoleAudience", closed: "ConsoleClosed" } as const;
const ConsoleOutputRef = builder.unionType("ConsoleOutput", {
  description: "What comes from a serial port.",
  types: [ConsoleChunkRef, ConsoleAudienceRef, ConsoleClosedRef],
  resolveType: (item) => TYPES[item.kind],
});

const ConsoleInputAcceptedRef = builder.objectRef<{ sequence: number }>("ConsoleInputAccepted").implement({
  description: "The bytes are with QEMU.",
  fields: (t) => ({ sequence: t.exposeInt("sequence", { description: "Of the call." }) }),
});
const ConsoleInputResult = resultUnion("ConsoleInputResult", "What came of consoleInput.", ConsoleInputAcceptedRef, [
  "ConsoleBusy", "VmNotFound", "InvalidVmState", "InvalidInput", "Forbidden", "HostUnreachable",
]);
const ConsoleInputInput = builder.inputType("ConsoleInputInput", {
  description: "Bytes to send to a serial port.",
  fields: (t) => ({
    vm: t.id({ required: true, description: "The VM." }),
    port: t.string({ description: "ttyS0 or hvc0; null: ttyS0." }),
    session: t.id({ required: true, description: "Chosen by the client; names who holds the pen." }),
    sequence: t.int({ required: true, description: "Counts this session's calls from 1." }),
    data: t.string({ required: true, description: "Base64, at most 32 KiB decoded." }),
    takeOver: t.boolean({ required: true, defaultValue: false, description: "Take the pen from its holder." }),
  }),
});

builder.mutationFields((t) => ({
  consoleInput: t.field({
    type: ConsoleInputResult, description: "Send bytes to a serial port. Calls of one `session` arrive in the order of `sequence`.",
    args: { input: t.arg({ type: ConsoleInputInput, required: true, description: "The bytes." }) },
    resolve: (_, { input }, ctx) => answer(() => ctx.services.consoles.write(ctx.viewer, { ...input, port: input.port ?? null })),
  }),
  releaseConsole: t.boolean({
    description: "Give up the pen of a console session; false when it held none.",
    args: { session: t.arg.id({ required: true, description: "The session." }) },
    resolve: (_, { session }, ctx) => ctx.services.consoles.release(ctx.viewer, session),
  }),
}));

builder.subscriptionFields((t) => ({
  consoleOutput: t.field({
    type: ConsoleOutputRef,
    description: "A serial port's output. Replays from `fromOffset`, or the last `lastBytes` bytes (default 65,536), then goes live.",
    args: {
      vm: t.arg.id({ required: true, description: "The VM." }),
      port: t.arg.string({ description: "ttyS0 or hvc0; null: ttyS0." }),
      fromOffset: t.arg({ type: "Bytes", description: "Absolute offset to read from; null: see lastBytes." }),
      lastBytes: t.arg({ type: "Bytes", description: "Bytes before the end to begin with; null: 65,536." }),
    },
    subscribe: (_, args, ctx) =>
      ctx.services.consoles.read({ vm: args.vm, port: args.port ?? null, fromOffset: args.fromOffset ?? null, lastBytes: args.lastBytes ?? null }),
    resolve: (item) => item,
  }),
}));
