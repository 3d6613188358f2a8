// How the embedded Postgres is set: small, quiet when idle, and reachable by its socket only. Given on the command line,
// so that a newer server's settings hold without touching the data folder.

/** Postgres' name for its socket is `.s.PGSQL.<port>`; the port itself is never opened. */
export const SOCKET_PORT = 5432;
/** Longest path of a unix socket on Linux, without its final zero. */
export const SOCKET_PATH_MAX_BYTES = 107;

/** Each setting with its reason. */
const SETTINGS: Readonly<Record<string, string>> = {
  // Nobody but this machine's socket.
  listen_addresses: "",
  unix_socket_permissions: "0700",
  port: String(SOCKET_PORT),
  // Our pool has 8; the rest is for migrations and for people with psql.
  max_connections: "20",
  // The working set (the last hour's metrics, VMs, operations) is some 10 MB; the kernel caches the rest.
  shared_buffers: "32MB",
  maintenance_work_mem: "32MB",
  // Queries are short; helpers cost memory and wake-ups.
  max_worker_processes: "1",
  max_parallel_workers_per_gather: "0",
  max_parallel_maintenance_workers: "0",
  max_logical_replication_workers: "0",
  io_method: "sync",
  jit: "off",
  // No standby reads our WAL.
  wal_level: "minimal",
  max_wal_senders: "0",
  wal_compression: "on",
  min_wal_size: "32MB",
  max_wal_size: "256MB",
  checkpoint_timeout: "15min",
  // Metrics are appended and deleted steadily, at a pace that needs no vacuum every minute.
  autovacuum_naptime: "5min",
  autovacuum_max_workers: "1",
  bgwriter_delay: "10s",
  wal_writer_delay: "1s",
  // Words for people go to the log, one line a problem.
  log_min_messages: "warning",
  log_line_prefix: "%m [%p] ",
  log_checkpoints: "off",
  timezone: "UTC",
};

/** Arguments of `postgres`. */
export function postgresArguments(dataDirectory: string, socketDirectory: string): string[] {
  const settings = { ...SETTINGS, unix_socket_directories: socketDirectory };
  return ["-D", dataDirectory, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
}

/** Arguments of `initdb`: no password, because the socket's folder lets only its owner (and root) in. */
export function initdbArguments(dataDirectory: string, user: string): string[] {
  return [
    "-D", dataDirectory, "-U", user, "-A", "trust", "-E", "UTF8",
    // Sorting by code point needs no locale of the system, and no index breaks when the system's libraries change.
    "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions",
  ];
}
