// Every GraphQL document of the dashboard. The figures of all VMs travel each second, so they ask for no more than the
// table and the graphs show; what one page adds is asked for while it is open.
import { graphql } from "../client/document.js";

const VM_FIELDS = graphql(`
  fragment DashboardVm on Vm {
    id name host { id } state stateSince generation startedAt vcpus memoryBytes machine accelerator networkInUse pid
    protected autostart restartRequired labels { key value } crash { cause } verbs { verb allowed reason }
  }
`);

export const SAMPLE_FIELDS = graphql(`
  fragment DashboardSample on VmSample {
    vmId time cpuRatio stealRatio throttledTimeRatio vcpusUsed memoryConfiguredBytes balloonActualBytes guestTotalBytes guestAvailableBytes rssBytes
    ksmMergedBytes diskReadBytesPerSecond diskWriteBytesPerSecond diskLatencySeconds networkRxBytesPerSecond
    networkTxBytesPerSecond networkDropsPerSecond
  }
`);

export const HOST_SAMPLE_FIELDS = graphql(`
  fragment DashboardHostSample on HostSample {
    hostId time cpuRatio cpuCoreRatios cpuStealRatio cpuIowaitRatio psiCpuRatio psiMemoryRatio psiIoRatio load1 load5
    load15 memoryTotalBytes memoryAvailableBytes memoryCachedBytes swapTotalBytes swapUsedBytes refaultsPerSecond ksmSavedBytes
    ksmProfitBytes compressedOriginalBytes compressedStoredBytes diskReadBytesPerSecond diskWriteBytesPerSecond
    networkRxBytesPerSecond networkTxBytesPerSecond networkDropsPerSecond diskSpaces { path totalBytes availableBytes }
  }
`);

const HOST_FIELDS = graphql(`
  fragment DashboardHost on Host {
    id name connected connectionError connectedSince bootedAt cpuModel cpuCount memoryBytes daemonVersion qemuVersion kernel
    capabilities { name available reason mend }
  }
`);

export const EVENT_FIELDS = graphql(`
  fragment DashboardEvent on Event { cursor time kind vmId operationId state actor message }
`);

export const OPERATION_FIELDS = graphql(`
  fragment DashboardOperation on Operation {
    id kind vmId state progressRatio cancellable error requestedBy startedAt endedAt
  }
`);

export const WELCOME = graphql(
  `
    query DashboardWelcome {
      viewer { role }
      server { now databaseConnected }
      hosts { ...DashboardHost latest { ...DashboardHostSample } }
    }
  `,
  [HOST_FIELDS, HOST_SAMPLE_FIELDS],
);

/** What no subscription tells of: hosts that come and go, and what they can do now. */
export const HEALTH = graphql(
  `
    query DashboardHealth { server { databaseConnected } hosts { ...DashboardHost } }
  `,
  [HOST_FIELDS],
);

export const VMS = graphql(
  `
    query DashboardVms($first: Int!, $after: String) {
      vms(first: $first, after: $after) {
        nodes { ...DashboardVm latest { ...DashboardSample } }
        pageInfo { hasNextPage endCursor }
      }
    }
  `,
  [VM_FIELDS, SAMPLE_FIELDS],
);

export const RECENT = graphql(
  `
    query DashboardRecent($events: Int!, $operations: Int!) {
      events(last: $events) { events { ...DashboardEvent } newestCursor }
      operations(first: $operations) { nodes { ...DashboardOperation } }
    }
  `,
  [EVENT_FIELDS, OPERATION_FIELDS],
);

export const OPERATIONS = graphql(
  `
    query DashboardOperations($operations: Int!) { operations(first: $operations) { nodes { ...DashboardOperation } } }
  `,
  [OPERATION_FIELDS],
);

export const VM_CHANGED = graphql(
  `
    subscription DashboardVmChanged { vmChanged { id vm { ...DashboardVm latest { ...DashboardSample } } } }
  `,
  [VM_FIELDS, SAMPLE_FIELDS],
);

export const METRICS = graphql(
  `
    subscription DashboardMetrics { metrics { samples { ...DashboardSample } } }
  `,
  [SAMPLE_FIELDS],
);

export const HOST_METRICS = graphql(
  `
    subscription DashboardHostMetrics { hostMetrics { ...DashboardHostSample } }
  `,
  [HOST_SAMPLE_FIELDS],
);

export const EVENTS = graphql(
  `
    subscription DashboardEvents($after: BigInt) {
      events(after: $after) {
        __typename
        ... on Event { ...DashboardEvent }
        ... on EventGap { trimmedBefore }
      }
    }
  `,
  [EVENT_FIELDS],
);

export const OPERATION = graphql(
  `
    subscription DashboardOperation_($id: ID!) { operation(id: $id) { ...DashboardOperation } }
  `,
  [OPERATION_FIELDS],
);

export const DISK_FIELDS = graphql(`
  fragment DashboardDisk on DiskSample {
    name readBytesPerSecond writeBytesPerSecond readsPerSecond writesPerSecond flushesPerSecond readLatencySeconds
    writeLatencySeconds flushLatencySeconds allocatedBytes capacityBytes
  }
`);

export const DETAIL_FIELDS = graphql(
  `
    fragment DashboardDetailSample on VmSample {
      vmId time cpuUserRatio cpuSystemRatio guestUpdatedAt guestCacheBytes guestMajorFaultsPerSecond
      guestSwapInBytesPerSecond guestSwapOutBytesPerSecond pssBytes swapBytes ksmProfitBytes qmpAgeMs
      pluggedBytes vcpusPresent throttledTimeRatio majorFaultsPerSecond
      vcpus { index ratio stealRatio }
      disks { ...DashboardDisk }
      nics { name rxBytesPerSecond txBytesPerSecond rxPacketsPerSecond txPacketsPerSecond dropsPerSecond }
    }
  `,
  [DISK_FIELDS],
);

export const DETAIL = graphql(
  `
    subscription DashboardDetail($vmIds: [ID!]!) { metrics(vmIds: $vmIds) { samples { ...DashboardDetailSample } } }
  `,
  [DETAIL_FIELDS],
);

export const VM_HISTORY = graphql(`
  query DashboardVmHistory($id: ID!, $from: DateTime!) {
    vm(id: $id) {
      memoryBytes
      latest { guestTotalBytes }
      history(range: { from: $from }, stepSeconds: 1, metrics: [
        CPU_RATIO STEAL_RATIO THROTTLED_TIME_RATIO GUEST_AVAILABLE_BYTES BALLOON_ACTUAL_BYTES RSS_BYTES DISK_READ_BYTES_PER_SECOND
        DISK_WRITE_BYTES_PER_SECOND DISK_LATENCY_SECONDS NETWORK_RX_BYTES_PER_SECOND NETWORK_TX_BYTES_PER_SECOND
        NETWORK_DROPS_PER_SECOND
      ]) { series { metric times mean } }
    }
  }
`);

/** Of each vCPU, from before its tab was opened. */
export const VCPU_HISTORY = graphql(`
  query DashboardVcpuHistory($id: ID!, $from: DateTime!) {
    vm(id: $id) { vcpuHistory(range: { from: $from }, stepSeconds: 1, metrics: [RATIO STEAL_RATIO]) { index history { series { metric times mean } } } }
  }
`);

export const SPARKLINES = graphql(`
  query DashboardSparklines($first: Int!, $from: DateTime!) {
    vms(first: $first) {
      nodes { id history(range: { from: $from }, stepSeconds: 1, metrics: [CPU_RATIO]) { series { metric times mean } } }
    }
  }
`);

export const HOST_HISTORY = graphql(`
  query DashboardHostHistory($id: ID!, $from: DateTime!) {
    host(id: $id) {
      memoryBytes
      history(range: { from: $from }, stepSeconds: 1, metrics: [
        CPU_RATIO CPU_STEAL_RATIO CPU_IOWAIT_RATIO PSI_CPU_RATIO PSI_MEMORY_RATIO PSI_IO_RATIO MEMORY_AVAILABLE_BYTES
        KSM_SAVED_BYTES DISK_READ_BYTES_PER_SECOND DISK_WRITE_BYTES_PER_SECOND NETWORK_RX_BYTES_PER_SECOND
        NETWORK_TX_BYTES_PER_SECOND
      ]) { series { metric times mean } }
    }
  }
`);

export const DEFINITION = graphql(`
  query DashboardDefinition($id: ID!) { vm(id: $id) { definition } }
`);

/** What one VM did before the events and operations kept of all, and what its console said last when it crashed. */
export const VM_RECORD = graphql(
  `
    query DashboardVmRecord($id: ID!, $events: Int!, $operations: Int!) {
      vm(id: $id) {
        events(last: $events) { ...DashboardEvent }
        operations(first: $operations) { ...DashboardOperation }
        crash { consoleTail }
      }
    }
  `,
  [EVENT_FIELDS, OPERATION_FIELDS],
);

export const CONSOLE_TAIL = graphql(`
  subscription DashboardConsoleTail($vm: ID!, $fromOffset: Bytes, $lastBytes: Bytes) {
    consoleOutput(vm: $vm, fromOffset: $fromOffset, lastBytes: $lastBytes) {
      __typename
      ... on ConsoleChunk { offset data }
      ... on ConsoleClosed { reason }
    }
  }
`);

export const CANCEL = graphql(`
  mutation DashboardCancel($id: ID!) {
    cancelOperation(id: $id) { __typename ... on Error { message } }
  }
`);
