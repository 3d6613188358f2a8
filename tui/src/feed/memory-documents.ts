// The GraphQL documents of memory and vCPU policies; the frame of an instant has parts of them.
import { graphql } from "../client/document.js";

export const DECISION = graphql(`fragment DashboardDecision on MemoryDecision { time vmId action fromBytes toBytes reason carriedOut effectBytes }`);
export const BREAKDOWN = graphql(`fragment DashboardBreakdown on MemoryBreakdown { at totalBytes source remainderBytes parts { kind bytes description source } }`);
/** Asked where one VM is looked at: its refaults come with its sample. */
export const COMPRESSION = graphql(`fragment DashboardCompression on MemoryCompression { originalBytes storedBytes ratio }`);
export const MEMORY_POLICY = graphql(`fragment DashboardMemoryPolicy on MemoryPolicy { floorBytes ceilingBytes maxBytes shares control sharingDomain }`);
export const CPU_POLICY = graphql(`fragment DashboardCpuPolicy on CpuPolicy { weight limitPercent pins { vcpu cpus } emulatorCpus maxVcpus }`);
export const VM_MEMORY = graphql(`
  fragment DashboardVmMemory on Vm {
    id
    room { balloonTargetBytes balloonFloorBytes memoryTargetBytes memoryMaxBytes vcpusTarget vcpusMax }
    memoryPolicy { ...DashboardMemoryPolicy }
  }
`, [MEMORY_POLICY]);
export const HOST_MEMORY = graphql(`
  query DashboardHostMemory($id: ID!, $decisions: Int!) {
    host(id: $id) {
      memory {
        ksm { mode cpuBudgetPercent activeDomain reason pagesPerScan sleepMs cpuUsedRatio }
        compression { mode sizeBytes algorithm }
        controller { enabled idleTaxPercent highPercent softPercent hardPercent lowPercent }
        state
        thresholds { highBytes softBytes hardBytes lowBytes }
      }
      memoryBreakdown { ...DashboardBreakdown }
      memoryDecisions(first: $decisions) { ...DashboardDecision }
    }
  }
`, [BREAKDOWN, DECISION]);
/** Of all VMs no more than a bar and a row show: descriptions and sources are one VM's. */
export const VMS_MEMORY = graphql(`
  query DashboardVmsMemory($first: Int!, $after: String) {
    vms(first: $first, after: $after) {
      nodes { ...DashboardVmMemory memoryBreakdown { at totalBytes remainderBytes parts { kind bytes } } }
      pageInfo { hasNextPage endCursor }
    }
  }
`, [VM_MEMORY]);
export const ONE_VM = graphql(`
  query DashboardVmMemoryDetail($id: ID!, $decisions: Int!) {
    vm(id: $id) {
      ...DashboardVmMemory
      memoryBreakdown { ...DashboardBreakdown }
      memoryCompression { ...DashboardCompression }
      memoryDecisions(first: $decisions) { ...DashboardDecision }
      cpuPolicy { ...DashboardCpuPolicy }
    }
  }
`, [VM_MEMORY, BREAKDOWN, COMPRESSION, DECISION, CPU_POLICY]);
