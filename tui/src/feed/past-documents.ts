// The GraphQL documents of the time machine.
import { graphql } from "../client/document.js";
import { EVENT_FIELDS, HOST_SAMPLE_FIELDS, OPERATION_FIELDS, SAMPLE_FIELDS } from "./documents.js";

export const PAST_FRAME = graphql(
  `
    query DashboardPast($at: DateTime!, $where: String!, $isFiltered: Boolean!, $events: Int!, $operations: Int!) {
      past(at: $at) {
        at stepSeconds
        hosts { id sample { ...DashboardHostSample } }
        vms {
          id hostId name state stateSince startedAt generation vcpus memoryBytes machine accelerator networkInUse pid
          protected autostart restartRequired labels { key value } crashCause definition
          sample { ...DashboardSample }
        }
      }
      found: past(at: $at, where: $where) @include(if: $isFiltered) { vms { id } }
      events(last: $events, until: $at) { events { ...DashboardEvent } }
      operations(first: $operations, until: $at) { nodes { ...DashboardOperation } }
    }
  `,
  [SAMPLE_FIELDS, HOST_SAMPLE_FIELDS, EVENT_FIELDS, OPERATION_FIELDS],
);

export const PAST_BOUNDS = graphql(`
  query DashboardPastBounds { pastBounds { oldest } }
`);

/** Histories of VMs as of an instant, deleted ones too. */
export const VM_SPAN = graphql(`
  query DashboardVmSpan($at: DateTime!, $where: String!, $from: DateTime!, $to: DateTime!, $step: Int) {
    past(at: $at, where: $where) {
      vms {
        id
        history(range: { from: $from, to: $to }, stepSeconds: $step, metrics: [
          CPU_RATIO STEAL_RATIO GUEST_AVAILABLE_BYTES GUEST_TOTAL_BYTES BALLOON_ACTUAL_BYTES RSS_BYTES DISK_READ_BYTES_PER_SECOND
          DISK_WRITE_BYTES_PER_SECOND DISK_LATENCY_SECONDS NETWORK_RX_BYTES_PER_SECOND NETWORK_TX_BYTES_PER_SECOND
          NETWORK_DROPS_PER_SECOND
        ]) { from to stepSeconds series { metric mean max } }
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
