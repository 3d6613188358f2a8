// Hosts in GraphQL.
import { builder } from "../graphql/builder.js";
import { HostMetricEnum } from "../graphql/enums.js";
import { HistoryRef, HostRef, HostSampleRef, TimeRangeInput } from "../graphql/refs.js";
import type { Capability } from "./model.js";

const CapabilityRef = builder.objectRef<Capability>("Capability").implement({
  description: "Something that a host can do or not.",
  fields: (t) => ({
    name: t.exposeString("name", {
      description: "kvm, qemu, bridge, tap, user_network, ksm, zram, zswap, cgroup_cpu, cgroup_memory, psi, balloon, virtio_mem, unprivileged_qemu, guest_agent or vhost_net.",
    }),
    available: t.exposeBoolean("available", { description: "Whether the host can." }),
    reason: t.exposeString("reason", { nullable: true, description: 'Why not, or how, e.g. "emulated only: 450 ns an iteration, using TCG". Null when there is nothing to say.' }),
    mend: t.exposeString("mend", { nullable: true, description: "What would give it; null when it is there or nothing can." }),
  }),
});

HostRef.implement({
  description: "A machine that runs VMs. While it is not connected, what is shown is what its daemon said last.",
  fields: (t) => ({
    id: t.exposeID("id", { description: "Stable over restarts of the machine." }),
    name: t.exposeString("name", { description: "Its host name." }),
    connected: t.exposeBoolean("connected", { description: "Whether the server has a live connection to the host's daemon." }),
    connectedSince: t.expose("connectedSince", { type: "DateTime", nullable: true, description: "When the connection was last made or lost; null when there has been none since the server started." }),
    connectionError: t.exposeString("connectionError", { nullable: true, description: "Why it is not connected; null while it is." }),
    kernel: t.exposeString("kernel", { description: "Release of its kernel." }),
    cpuModel: t.exposeString("cpuModel", { description: "Model of its CPU; empty where the kernel does not say." }),
    cpuCount: t.exposeInt("cpuCount", { description: "Number of logical CPUs." }),
    memoryBytes: t.expose("memoryBytes", { type: "Bytes", description: "Bytes of memory." }),
    daemonVersion: t.exposeString("daemonVersion", { description: "Version of quetzald." }),
    qemuVersion: t.exposeString("qemuVersion", { description: "Version of QEMU; empty when it is not installed." }),
    bootedAt: t.expose("bootedAt", { type: "DateTime", nullable: true, description: "When the machine booted; null when not known." }),
    daemonStartedAt: t.expose("daemonStartedAt", { type: "DateTime", nullable: true, description: "When quetzald came up; null when not known." }),
    capabilities: t.field({ type: [CapabilityRef], description: "What it can do, and where not, why.", resolve: (host) => host.capabilities as Capability[] }),
    latest: t.field({
      type: HostSampleRef, nullable: true, description: "The newest sample; null when none has come yet, or the host is not connected.",
      resolve: (host, _, ctx) => ctx.services.metrics.latestHost(host.id),
    }),
    history: t.field({
      type: HistoryRef,
      description: "History of one or more metrics. `stepSeconds` is rounded up to what is kept; null picks one that gives at most 600 points.",
      args: {
        range: t.arg({ type: TimeRangeInput, required: true, description: "The span of time." }),
        stepSeconds: t.arg.int({ description: "Length of a step in seconds; null: the server chooses." }),
        metrics: t.arg({ type: [HostMetricEnum], required: true, description: "Which metrics." }),
      },
      resolve: (host, { range, stepSeconds, metrics }, ctx) =>
        ctx.services.metrics.hostHistory(host.id, metrics, { from: range.from, to: range.to ?? null, stepSeconds: stepSeconds ?? null }),
    }),
  }),
});

builder.queryFields((t) => ({
  hosts: t.field({ type: [HostRef], description: "Hosts known to this server, by name.", resolve: (_, __, ctx) => ctx.services.hosts.list() }),
  host: t.field({
    type: HostRef, nullable: true, description: "One host; null when no host has this id.",
    args: { id: t.arg.id({ required: true, description: "The host's id." }) },
    resolve: (_, { id }, ctx) => ctx.services.hosts.get(id),
  }),
}));
