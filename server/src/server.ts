// Wires one server together from its configuration, and takes it apart again in reverse. main.ts gives it the process.
import { readFileSync } from "node:fs";
import { chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { AlertBoard } from "./alert/board.js";
import { AlertService } from "./alert/service.js";
import { Attempts } from "./audit/attempts.js";
import { AuditService } from "./audit/service.js";
import { packageRoot, type ServerConfig } from "./config.js";
import { ConsoleService } from "./console/service.js";
import { CpuService } from "./cpu/service.js";
import { openServerDatabase } from "./db/open.js";
import { tellOutages } from "./db/outage.js";
import { DiagnosisService } from "./diagnosis/service.js";
import { EventService } from "./event/service.js";
import { EventLog } from "./event/log.js";
import type { Services } from "./graphql/context.js";
import { createExecutor } from "./graphql/execute.js";
import { createRequestHandler } from "./graphql/http.js";
import { schema } from "./graphql/schema.js";
import { GraphqlWebSockets } from "./graphql/websocket.js";
import { HostLink } from "./host/link.js";
import { HostService } from "./host/service.js";
import { capabilitiesOf, listHosts } from "./host/store.js";
import { openDaemon } from "./hypervisor/client.js";
import type { Log } from "./log.js";
import { DecisionBoard } from "./memory/decisions.js";
import { MemoryService } from "./memory/service.js";
import { MetricsHistory } from "./metrics/history.js";
import { MetricsService } from "./metrics/service.js";
import { OperationService } from "./operation/service.js";
import { PastService } from "./past/service.js";
import { startRetention } from "./retention.js";
import { ensureLocalToken } from "./token/local.js";
import { TokenService } from "./token/service.js";
import { UndoStack } from "./undo.js";
import { VmArchive } from "./vm/archive.js";
import { FilterMatches } from "./vm/filter/matches.js";
import { FilterSubjects } from "./vm/filter/subjects.js";
import { VmRegistry } from "./vm/registry.js";
import { VmService } from "./vm/service.js";
import { UndoService } from "./vm/undo-service.js";

export interface RunningServer extends AsyncDisposable {
  readonly url: string;
  readonly wsUrl: string;
  /** For tests and figures: who is connected, and what is shared. */
  readonly sockets: GraphqlWebSockets;
}

/** A port that cannot be listened on; the message says why and what to do. */
export class CannotListen extends Error {
  override readonly name = "CannotListen";
}

/** Throws errors of one sentence with the mend: CannotListen, DatabaseRefused, DatabaseUnavailable. */
export async function startServer(config: ServerConfig, log: Log): Promise<RunningServer> {
  const startedAt = new Date();
  const version = readVersion();
  await using undo = new UndoStack();
  const { server, url, wsUrl } = await listen(config);
  undo.defer(() => closeHttp(server));
  const database = undo.use(await openServerDatabase({
    url: config.databaseUrl, stateDirectory: config.stateDirectory, runDirectory: config.runDirectory,
    postgresUser: config.postgresUser, migrationsDirectory: config.migrationsDirectory, onClose: config.keepPostgres ? "keepPostgres" : "stopPostgres",
  }));
  const { db, health } = database;
  const eventLog = new EventLog(db);
  const events = undo.use(new EventService(eventLog, health, log));
  undo.defer(() => events.flush());
  const attempts = undo.use(new Attempts(events));
  undo.use(tellOutages(health, events, log));
  const operations = undo.use(new OperationService(db, eventLog, events, log));
  const history = undo.use(new MetricsHistory(db, { onTrouble: (message, error) => log.warn(message, { error: String(error) }) }));
  const metrics = new MetricsService(history);
  const hosts = new HostService();
  const registry = new VmRegistry();
  const tokens = new TokenService(db, events, attempts, log);
  await ensureLocalToken(db, config.tokenFile);
  await tokens.load();
  for (const host of await listHosts(db)) hosts.remember({ ...host, memoryBytes: Number(host.memoryBytes), capabilities: capabilitiesOf(host) });
  const archive = undo.use(new VmArchive(db, health, registry, log));
  await archive.load();
  undo.use(startRetention({ db, eventLog, log }));
  const consoles = undo.use(new ConsoleService(registry, hosts, events));
  const alertBoard = new AlertBoard();
  const subjects = new FilterSubjects({ registry, hosts, metrics, alerts: alertBoard });
  const filters = undo.use(new FilterMatches(subjects));
  const alerts = undo.use(new AlertService({ db, health, events, subjects, board: alertBoard, diary: log }));
  const vms = new VmService({ db, health, registry, hosts, operations, metrics, subjects, diary: log });
  const decisions = new DecisionBoard();
  const memory = new MemoryService({ db, vms, registry, hosts, metrics, events, health, decisions });
  const cpu = new CpuService({ vms, metrics });
  const services: Services = {
    memory, cpu, vms, hosts, operations, events, metrics, consoles, tokens, filters, alerts, alertBoard, audit: new AuditService(db, attempts),
    diagnoses: new DiagnosisService({ vms: registry, hosts, metrics }),
    past: new PastService({ db, history, hosts }),
    undo: new UndoService({ db, vms, memory, cpu, operations }),
    status: { version, startedAt, databaseConnected: () => health.state.connected },
  };
  events.record({ kind: "SERVER_STARTED", message: `Server ${version} came up.` });
  await alerts.start();
  const client = undo.use(openDaemon(config.daemonAddress));
  undo.use(new HostLink({ client, db, health, log: eventLog, hosts, vms: registry, decisions, metrics, operations, events, diary: log }));
  const sockets = undo.use(serve(server, services, tokens, log));
  await announce(config.serverFile, { url, wsUrl, pid: process.pid, version, startedAt: startedAt.toISOString() });
  undo.defer(() => rm(config.serverFile, { force: true }));
  log.info("server is ready", { url, version, migrations: database.migrated.length });
  const running = undo.move();
  return { url, wsUrl, sockets, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() };
}

interface Listener {
  readonly server: Server;
  readonly url: string;
  readonly wsUrl: string;
}

/** How long a connection waits for its next request. By Node's 5 s it would end just as a person presses the next key. */
const KEEP_ALIVE_MS = 75_000;

/** Takes the port before anything else is touched: a second server must not disturb the first one's database. */
async function listen({ listen: { host, port }, tls }: ServerConfig): Promise<Listener> {
  const server = tls === null ? createServer() : createTlsServer({ cert: readTlsFile("QUETZAL_TLS_CERT", tls.certificateFile), key: readTlsFile("QUETZAL_TLS_KEY", tls.keyFile) });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  const tooEarly = (_: IncomingMessage, response: ServerResponse) => void response.writeHead(503, { "retry-after": "1" }).end("The server is starting.");
  server.on("request", tooEarly);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(new CannotListen(listenFault(error, host, port), { cause: error })));
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const shown = host.includes(":") ? `[${host}]` : host;
  const secure = tls === null ? "" : "s";
  return { server, url: `http${secure}://${shown}:${bound.port}/graphql`, wsUrl: `ws${secure}://${shown}:${bound.port}/graphql` };
}

function readTlsFile(setting: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CannotListen(`${setting} names ${path}, which cannot be read; give a PEM file that this user may read.`, { cause: error });
  }
}

function serve(server: Server, services: Services, tokens: TokenService, log: Log): GraphqlWebSockets {
  const executor = createExecutor(log);
  const sockets = new GraphqlWebSockets({ schema, executor, services, tokens });
  server.removeAllListeners("request");
  server.on("request", createRequestHandler({ schema, executor, services, tokens, log }));
  server.on("upgrade", (request, socket, head) => sockets.upgrade(request, socket, head));
  return sockets;
}

function listenFault(error: NodeJS.ErrnoException, host: string, port: number): string {
  if (error.code === "EADDRINUSE") return `Port ${port} on ${host} is in use; end what holds it, or choose another with QUETZAL_LISTEN=HOST:PORT.`;
  if (error.code === "EACCES") return `Port ${port} needs more rights than this user has; choose one above 1023 with QUETZAL_LISTEN=HOST:PORT.`;
  return `The server cannot listen on ${host}:${port} (${error.message}); choose another address with QUETZAL_LISTEN=HOST:PORT.`;
}

/** Written aside and renamed, so that no client reads half of it. */
async function announce(path: string, content: object): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}.new`;
  await writeFile(partial, `${JSON.stringify(content, null, 2)}\n`);
  await chmod(partial, 0o644);
  await rename(partial, path);
}

function closeHttp(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function readVersion(): string {
  const text = readFileSync(join(packageRoot(), "package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
