import type { Bus } from '../shared/bus/bus.ts';
import { connectBus } from '../shared/bus/nats-bus.ts';
import { SlabMemory } from '../shared/bus/slab-memory.ts';
import { startAdminServer, type AdminSources } from '../shared/runtime/admin-server.ts';
import { watchDependencies } from '../shared/runtime/dependency-metrics.ts';
import { withoutPassword } from '../shared/runtime/env.ts';
import type { Readings } from '../shared/protocol/process-stats.ts';
import { nowMs } from '../shared/runtime/clock.ts';
import { incarnationOf, processOf } from '../shared/runtime/incarnation.ts';
import { Lifecycle } from '../shared/runtime/lifecycle.ts';
import type { Logger } from '../shared/runtime/log.ts';
import { NoticePublisher } from '../shared/runtime/notice-publisher.ts';
import { tellOfOutages } from '../shared/runtime/notice-watch.ts';
import { createRegistry, type Registry } from '../shared/runtime/metrics.ts';
import { FLUSH_MS, startTracing } from '../shared/runtime/tracing.ts';
import { connectRedis, type Redis } from '../shared/session/redis.ts';
import { SessionStore } from '../shared/session/store.ts';
import { TrendStore } from '../shared/session/trend-store.ts';
import { Admission } from './admission.ts';
import type { GatewayConfig } from './config.ts';
import { Connections } from './connections.ts';
import { drain, type DrainStep } from './drain.ts';
import { answerChecks, receiveEgress } from './egress.ts';
import { FleetWatch } from './fleet-watch.ts';
import { FrameScratch } from './frame-scratch.ts';
import { ApiKeys } from './http/authorization.ts';
import { healthSources } from './http/health.ts';
import { Routes } from './http/routes.ts';
import { SessionsApi } from './http/sessions.ts';
import { StaticFiles } from './http/static-files.ts';
import { Upgrades } from './http/upgrades.ts';
import { Ingress } from './ingress.ts';
import { GatewayMetrics } from './metrics.ts';
import { connectionLevels } from './operations/gateway-stats.ts';
import type { FleetFeed } from './operations/fleet-feed.ts';
import { Operations } from './operations/operations.ts';
import { OperatorAccess } from './operations/operator-access.ts';
import { MOST_TREND_POINTS } from './operations/trend.ts';
import { busUnavailable, LongOutages } from './outage.ts';
import { ReplaySlices } from './replay-slices.ts';
import { SocketServer } from './socket-server.ts';
import { TermsTable } from './terms.ts';
import { ToldErrors } from './told-errors.ts';
import { GatewayTraces } from './traces.ts';

/** How often connections look after what takes time. */
const TICK_MS = 250;
/** Base64 and JSON around audio, and room to say what is wrong with messages that are too long. */
const MESSAGE_ALLOWANCE = 8;

/** A gateway that runs. */
export interface RunningGateway {
  readonly port: number;
  /** Of the admin port; undefined where there is none. */
  readonly adminPort: number | undefined;
  readonly connectionCount: () => number;
  /** Lets calls end until the deadline, then stops. */
  stop(): Promise<void>;
}

/** Connects to NATS and Redis, then listens. Rejects where one of them is not to be had, with nothing left open. */
export async function startGateway(config: GatewayConfig, log: Logger): Promise<RunningGateway> {
  const gatewayId = incarnationOf(config.gatewayId);
  const bus = await connectBus({ url: config.natsUrl, name: gatewayId, log }).catch((error: unknown) => {
    throw new Error(`cannot connect to NATS at ${withoutPassword(config.natsUrl)}`, { cause: error });
  });
  const redis = await connectRedis(config.redisUrl, log).catch(async (error: unknown) => {
    await bus.close();
    throw new Error(`cannot connect to Redis at ${withoutPassword(config.redisUrl)}`, { cause: error });
  });
  try {
    return await assemble(config, gatewayId, log, bus, redis);
  } catch (error) {
    redis.disconnect();
    await bus.close();
    throw error;
  }
}

/** What all parts of one gateway share. */
interface Base {
  readonly config: GatewayConfig;
  /** This start of the process, as the bus knows it. */
  readonly gatewayId: string;
  readonly log: Logger;
  readonly bus: Bus;
  readonly store: SessionStore;
  readonly trend: TrendStore;
  readonly lifecycle: Lifecycle;
  readonly registry: Registry;
  /** Where traces are on. */
  readonly traces: GatewayTraces | undefined;
  readonly notices: NoticePublisher;
}

/** The side towards the workers. */
interface BusSide {
  readonly metrics: GatewayMetrics;
  readonly told: ToldErrors;
  readonly ingress: Ingress;
  readonly fleet: FleetWatch;
  readonly connections: Connections;
  readonly outages: LongOutages;
}

async function assemble(config: GatewayConfig, gatewayId: string, log: Logger, bus: Bus, redis: Redis): Promise<RunningGateway> {
  const times = { leaseMs: config.leaseMs, ttlMs: config.sessionTtlS * 1000, retentionMs: config.sessionRetentionS * 1000 };
  const store = new SessionStore(redis, times);
  const lifecycle = new Lifecycle((state) => log.info({ state }, 'state changed'));
  const registry = createRegistry({ tier: 'gateway', id: config.gatewayId });
  const trend = new TrendStore(redis, MOST_TREND_POINTS);
  const tracer = await startTracing({ config, tier: 'gateway', processId: config.gatewayId, registry, log });
  const traces = tracer === undefined ? undefined : new GatewayTraces(tracer, config.gatewayId);
  const notices = new NoticePublisher({ bus, registry, processId: config.gatewayId, tier: 'gateway' });
  const base = { config, gatewayId, log, bus, store, trend, lifecycle, registry, traces, notices };
  const side = openBusSide(base);
  const { connections, fleet, ingress, metrics } = side;
  const watches = [watchDependencies({ registry, bus, store, intervalS: config.metricsIntervalS }), tellOfOutages({ bus, store, notices })];
  const stopWatching = (): void => watches.forEach((stopWatch) => stopWatch());
  const operations = openOperations(base, connections);
  const { server, admin } = await listen(base, side, operations).catch(async (error: unknown) => {
    fleet.stop();
    stopWatching();
    await operations.stop();
    throw error;
  });
  const { port } = server;
  const ticker = setInterval(() => {
    connections.tick();
    ingress.sweep(nowMs());
  }, TICK_MS);
  lifecycle.enter('ready');
  log.info({ incarnation: gatewayId, host: config.host, port }, 'listening');
  const stop = async (): Promise<void> => {
    let cut = 0;
    const count = (step: DrainStep, callers: number): void => {
      metrics.drained.inc({ step }, callers);
      if (step === 'cut') cut += callers;
    };
    notices.tell({ kind: 'drain_began', detail: `${connections.count} callers` });
    await drain({ lifecycle, connections, spreadMs: config.goawaySpreadMs, deadlineMs: config.drainDeadlineMs, log, count });
    notices.tell({ kind: 'drain_ended', detail: `${cut} callers had to be cut off` });
    clearInterval(ticker);
    stopWatching();
    fleet.stop();
    ingress.flush();
    operations.feed.end();
    server.close();
    await admin?.close();
    lifecycle.enter('stopped');
    await operations.stop();
    await tracer?.stop(FLUSH_MS);
    await bus.close();
    redis.disconnect();
  };
  return { port, adminPort: admin?.port, connectionCount: () => connections.count, stop };
}

function openBusSide({ config, gatewayId, log, bus, store, registry, traces, notices }: Base): BusSide {
  const { workerLostAfterMs } = config;
  const metrics: GatewayMetrics = new GatewayMetrics(registry, {
    connections: () => connections.count, keptBytes: () => connections.keptBytes, workers: () => fleet.readyWorkers,
  });
  const told = new ToldErrors({ metrics, notices, log });
  const ingress = new Ingress(bus, gatewayId);
  const fleet = new FleetWatch(bus, workerLostAfterMs, {
    onLost: (workerId) => {
      notices.tell({ kind: 'worker_lost', detail: `${processOf(workerId)} is not heard any more` });
      ingress.forget(workerId);
      connections.onWorkerLost(workerId);
    },
    onMissed: (workerId) => connections.resend(workerId),
  }, log);
  const admission = new Admission(bus, gatewayId, { isGone: (workerId, failure) => fleet.isGone(workerId, failure), lighter: () => fleet.lighter() }, metrics);
  const connections = new Connections({ config, store, admission, ingress, slices: new ReplaySlices(), memory: new SlabMemory(), terms: new TermsTable(config), scratch: new FrameScratch(), metrics, told, notices, traces, log });
  ingress.onNoResponders((workerId) => fleet.noResponders(workerId));
  receiveEgress(bus, gatewayId, (slot) => connections.at(slot), metrics);
  answerChecks(bus, gatewayId, (check) => connections.at(check.gatewaySlot)?.check(check) ?? { isConnected: false });
  const outages = new LongOutages(bus, () => connections.tellAll(busUnavailable));
  bus.onConnection((isConnected) => {
    if (!isConnected) return;
    ingress.resume();
    connections.onBusBack();
  });
  return { metrics, told, ingress, fleet, connections, outages };
}

function openOperations({ config, gatewayId, log, bus, trend, lifecycle, registry }: Base, connections: Connections): Operations {
  const levels = (): Readings => connectionLevels(connections.all());
  return new Operations({ bus, trend, log, registry, lifecycle, processId: config.gatewayId, incarnation: gatewayId, levels });
}

/** The public port and, where there is to be one, the port for operators. */
interface Servers {
  readonly server: SocketServer;
  readonly admin: Awaited<ReturnType<typeof startAdminServer>> | undefined;
}

async function listen(base: Base, side: BusSide, { documents, feed }: Operations): Promise<Servers> {
  const { config, bus, store, lifecycle, registry } = base;
  const health = healthSources({ lifecycle, bus, store, documents, readyWorkers: () => side.fleet.readyWorkers, registry: config.metricsEnabled ? registry : undefined });
  const admin = config.adminPort === 0 ? undefined : await startAdminServer(config.adminHost, config.adminPort, health);
  try {
    return { server: await listenToPublic(base, side, health, feed), admin };
  } catch (error) {
    await admin?.close();
    throw error;
  }
}

function listenToPublic({ config, log, bus, store, lifecycle, traces }: Base, { metrics, told, connections, outages }: BusSide, health: AdminSources, feed: FleetFeed): Promise<SocketServer> {
  const keys = new ApiKeys(config.apiKeys, config.allowedOrigins);
  if (!keys.required) log.warn('API_KEYS is not set: anybody who reaches this port may create, read and end sessions');
  const operators = new OperatorAccess({ tokens: config.operatorTokens, isProduction: config.environment === 'production', isExposed: config.exposeOperations });
  const closeHere = (sessionId: string): void => connections.of(sessionId)?.leave('session_over');
  const sessions = new SessionsApi({ store, bus, log, traces, sessionTtlS: config.sessionTtlS, closeHere });
  const routes = new Routes({ sessions, files: new StaticFiles(), health, keys, operators, feed, store, lifecycle, told, log });
  const upgrades = new Upgrades({
    store, keys, lifecycle, metrics, told, traces, log,
    maxConnections: config.maxWebSocketConnections,
    resumeTokenTtlMs: config.resumeTokenTtlS * 1000,
    openConnection: (socket, arrival) => {
      const connection = connections.open(socket, arrival);
      // Who comes later than the outage is told as those were who were there when it began.
      if (outages.isNow) connection.tell(busUnavailable());
      return connection;
    },
  });
  return SocketServer.start({
    host: config.host, port: config.port, maxBodyBytes: config.maxBodyBytes, log,
    maxMessageBytes: MESSAGE_ALLOWANCE * Math.max(config.maxAudioMessageBytes, config.maxTextChars),
    maxBackpressureBytes: 2 * config.maxBufferedBytes + config.maxAudioMessageBytes,
    onRequest: (request) => routes.answer(request),
    onUpgrade: (request, held) => upgrades.decide(request, held),
    onTold: (error) => told.overHttp(error),
  });
}
