// The gRPC client of one daemon. Knows the wire and nothing of what the calls mean.
import { ChannelCredentials, createChannel, createClient, type Channel } from "nice-grpc";
import { ConsoleServiceDefinition, type ConsoleServiceClient } from "./generated/quetzal/v1/console.js";
import { CpuServiceDefinition, type CpuServiceClient } from "./generated/quetzal/v1/cpu.js";
import { EventServiceDefinition, type EventServiceClient } from "./generated/quetzal/v1/event.js";
import { HostServiceDefinition, type HostServiceClient } from "./generated/quetzal/v1/host.js";
import { MemoryServiceDefinition, type MemoryServiceClient } from "./generated/quetzal/v1/memory.js";
import { MetricsServiceDefinition, type MetricsServiceClient } from "./generated/quetzal/v1/metrics.js";
import { VmServiceDefinition, type VmServiceClient } from "./generated/quetzal/v1/vm.js";

/** A list of 1,000 VMs with large definitions stays below this. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
/** The daemon is on this machine or in this network: a restart should be noticed at once. */
const RECONNECT_FIRST_MS = 50;
const RECONNECT_LONGEST_MS = 1_000;

export interface DaemonClient extends Disposable {
  readonly vms: VmServiceClient;
  readonly hosts: HostServiceClient;
  readonly memory: MemoryServiceClient;
  readonly cpu: CpuServiceClient;
  readonly metrics: MetricsServiceClient;
  readonly events: EventServiceClient;
  readonly consoles: ConsoleServiceClient;
}

/** `address` as gRPC names it, e.g. unix:///run/quetzal/quetzald.sock. Does not connect yet: the first call does. */
export function openDaemon(address: string): DaemonClient {
  const channel: Channel = createChannel(address, ChannelCredentials.createInsecure(), {
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_send_message_length": MAX_MESSAGE_BYTES,
    "grpc.initial_reconnect_backoff_ms": RECONNECT_FIRST_MS,
    "grpc.min_reconnect_backoff_ms": RECONNECT_FIRST_MS,
    "grpc.max_reconnect_backoff_ms": RECONNECT_LONGEST_MS,
    // Two servers in one process (tests) must not share a connection.
    "grpc.use_local_subchannel_pool": 1,
  });
  return {
    vms: createClient(VmServiceDefinition, channel),
    hosts: createClient(HostServiceDefinition, channel),
    memory: createClient(MemoryServiceDefinition, channel),
    cpu: createClient(CpuServiceDefinition, channel),
    metrics: createClient(MetricsServiceDefinition, channel),
    events: createClient(EventServiceDefinition, channel),
    consoles: createClient(ConsoleServiceDefinition, channel),
    [Symbol.dispose]: () => channel.close(),
  };
}
