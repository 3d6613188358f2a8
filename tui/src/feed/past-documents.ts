// The GraphQL documents of the time machine.
import { graphql } from "../client/document.js";
import { DETAIL_FIELDS, DISK_FIELDS, EVENT_FIELDS, HOST_SAMPLE_FIELDS, OPERATION_FIELDS, SAMPLE_FIELDS } from "./documents.js";
import { BREAKDOWN, COMPRESSION, CPU_POLICY, MEMORY_POLICY } from "./memory-documents.js";

/** What the page of memory adds of a VM: no more than a bar and a row show. */
const PAST_MEMORY = graphql(
  `
    fragment DashboardPastMemory on PastVm {
      id
      memoryPolicy { ...DashboardMemoryPolicy }
      memoryBreakdown { at totalBytes remainderBytes parts { kind bytes } }
    }
  `,
  [MEMORY_POLICY],
);

/** What the page of one VM adds. */
const PAST_ONE = graphql(
  `
    fragment DashboardPastOne on PastVm {
      id
      sample { ...DashboardDetailSample }
      allDisks { ...DashboardDisk }
      memoryPolicy { ...DashboardMemoryPolicy }
      cpuPolicy { ...DashboardCpuPolicy }
      memoryCompression { ...DashboardCompression }
      memoryBreakdown { ...DashboardBreakdown }
    }
  `,
  [DETAIL_FIELDS, DISK_FIELDS, MEMORY_POLICY, CPU_POLICY, COMPRESSION, BREAKDOWN],
);

/** One question a step: what a page adds to the frame comes with it. */
export const PAST_FRAME = graphql(
  `
    query DashboardPast($at: DateTime!, $where: String!, $isFiltered: Boolean!, $isMemory: Boolean!, $one: String!, $isOne: Boolean!, $events: Int!, $operations: Int!) {
      past(at: $at) {
        at stepSeconds
        hosts { id sample { ...DashboardHostSample } memoryBreakdown @include(if: $isMemory) { ...DashboardBreakdown } }
        vms {
          id hostId name state stateSince startedAt generation vcpus memoryBytes machine accelerator networkInUse pid
          protected autostart restartRequired labels { key value } crashCause definition
          sample { ...DashboardSample }
          ...DashboardPastMemory @include(if: $isMemory)
        }
      }
      one: past(at: $at, where: $one) @include(if: $isOne) { vms { ...DashboardPastOne } }
      found: past(at: $at, where: $where) @include(if: $isFiltered) { vms { id } }
      events(last: $events, until: $at) { events { ...DashboardEvent } }
      operations(first: $operations, until: $at) { nodes { ...DashboardOperation } }
    }
  `,
  [SAMPLE_FIELDS, HOST_SAMPLE_FIELDS, EVENT_FIELDS, OPERATION_FIELDS, BREAKDOWN, PAST_MEMORY, PAST_ONE],
);

export const PAST_BOUNDS = graphql(`
  query DashboardPastBounds { pastBounds { oldest } }
`);

/** What the graphs of a VM show, and what those of its parts add. */
export const SPAN_METRICS = [
  "CPU_RATIO", "STEAL_RATIO", "THROTTLED_TIME_RATIO", "GUEST_AVAILABLE_BYTES", "GUEST_TOTAL_BYTES", "BALLOON_ACTUAL_BYTES", "RSS_BYTES", "DISK_READ_BYTES_PER_SECOND",
  "DISK_WRITE_BYTES_PER_SECOND", "DISK_LATENCY_SECONDS", "NETWORK_RX_BYTES_PER_SECOND", "NETWORK_TX_BYTES_PER_SECOND", "NETWORK_DROPS_PER_SECOND",
] as const;
export const PART_METRICS = [
  "VCPU_RATIO", "DISK_READ_LATENCY_SECONDS", "DISK_WRITE_LATENCY_SECONDS", "DISK_FLUSH_LATENCY_SECONDS", "NETWORK_RX_PACKETS_PER_SECOND", "NETWORK_TX_PACKETS_PER_SECOND",
] as const;

/** Histories of VMs as of an instant, deleted ones too. */
export const VM_SPAN = graphql(`
  query DashboardVmSpan($at: DateTime!, $where: String!, $from: DateTime!, $to: DateTime!, $step: Int, $metrics: [VmMetric!]!, $isParts: Boolean!) {
    past(at: $at, where: $where) {
      vms {
        id history(range: { from: $from, to: $to }, stepSeconds: $step, metrics: $metrics) { from to stepSeconds series { metric mean max } }
        vcpuHistory(range: { from: $from, to: $to }, stepSeconds: $step, metrics: [RATIO STEAL_RATIO]) @include(if: $isParts) { index history { series { metric max } } }
      }
    }
  }
`);

export const HOST_SPAN = graphql(`
  query DashboardHostSpan($id: ID!, $from: DateTime!, $to: DateTime!, $step: Int) {
    host(id: $id) {
      memoryBytes
      history(range: { from: $from, to: $to }, stepSeconds: $step, metrics: [
        CPU_RATIO CPU_STEAL_RATIO CPU_IOWAIT_RATIO PSI_CPU_RATIO PSI_MEMORY_RATIO PSI_IO_RATIO MEMORY_AVAILABLE_BYTES
        KSM_SAVED_BYTES DISK_READ_BYTES_PER_SECOND DISK_WRITE_BYTES_PER_SECOND NETWORK_RX_BYTES_PER_SECOND
        NETWORK_TX_BYTES_PER_SECOND
      ]) { from to stepSeconds series { metric mean max } }
    }
  }
`);

/** The table's small graphs as of an instant. */
export const PAST_SPARKS = graphql(`
  query DashboardPastSparks($at: DateTime!, $from: DateTime!) {
    past(at: $at) {
      vms { id history(range: { from: $from, to: $at }, metrics: [CPU_RATIO]) { from to stepSeconds series { metric mean max } } }
    }
  }
`);
