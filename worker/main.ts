import type { Bus } from '../shared/bus/bus.ts';
import { connectBus } from '../shared/bus/nats-bus.ts';
import { FleetView } from '../shared/bus/fleet-view.ts';
import { FLEET_SUBJECT } from '../shared/bus/subjects.ts';
import { HEARTBEAT_INTERVAL_MS, type WorkerHeartbeat } from '../shared/protocol/heartbeat.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import { startAdminServer } from '../shared/runtime/admin-server.ts';
import { nowMs } from '../shared/runtime/clock.ts';
import { watchDependencies } from '../shared/runtime/dependency-metrics.ts';
import { incarnationOf } from '../shared/runtime/incarnation.ts';
import { Lifecycle } from '../shared/runtime/lifecycle.ts';
import type { Logger } from '../shared/runtime/log.ts';
import { NoticePublisher } from '../shared/runtime/notice-publisher.ts';
import { tellOfOutages } from '../shared/runtime/notice-watch.ts';
import { runProcess } from '../shared/runtime/process-main.ts';
import { withSecretFiles } from '../shared/runtime/secret-files.ts';
import { StatsPublisher } from '../shared/runtime/stats-publisher.ts';
import { terminationSignal } from '../shared/runtime/termination.ts';
import { FLUSH_MS, startTracing } from '../shared/runtime/tracing.ts';
import { connectRedis } from '../shared/session/redis.ts';
import { SessionStore } from '../shared/session/store.ts';
import { Claims } from './claims.ts';
import { loadWorkerConfig, type WorkerConfig } from './config.ts';
import { DefaultEngines } from './default-engines.ts';
import { drainWorker } from './drain.ts';
import { Egress } from './egress.ts';
import { Ingress } from './ingress.ts';
import { createWorkerMetrics, engineMeter, registerWorkerGauges, type WorkerMetrics } from './metrics.ts';
import { Session } from './session.ts';
import { Sessions, type SessionsOptions } from './sessions.ts';
import { embeddedEngine } from './speech/embedded/engine.ts';
import { loadEngineModules } from './speech/engine-modules.ts';
import { Engines } from './speech/engines.ts';
import { measured } from './speech/measured.ts';
import { openaiEngine } from './speech/openai-compatible/engine.ts';
import { scriptedEngine } from './speech/scripted/engine.ts';
import { WORKER_STATS } from './stats.ts';
import { traced } from './trace/traced-engines.ts';
import { writeDownErrors } from './told-errors.ts';
import { TurnPool } from './turn-pool.ts';

/** A worker process from start to stop. */
async function main(config: WorkerConfig, log: Logger): Promise<void> {
  const lifecycle = new Lifecycle((state) => log.info({ state }, 'lifecycle'));
  const workerId = incarnationOf(config.workerId);
  const bus = await connectBus({ url: config.natsUrl, name: workerId, log });
  const redis = await connectRedis(config.redisUrl, log);
  const store = new SessionStore(redis, { leaseMs: config.leaseMs, ttlMs: config.sessionTtlS * 1000, retentionMs: config.sessionRetentionS * 1000 });
  const metrics = createWorkerMetrics(config.workerId);
  const { engines, defaults } = await makeEngines(config, log, metrics);
  const tracer = await startTracing({ config, tier: 'worker', processId: config.workerId, registry: metrics.registry, log });
  const fleet = new FleetView(config.workerLostAfterMs);
  const pool = new TurnPool(config.maxWorkers);
  const egress = new Egress(bus, () => metrics.egressDropped.inc(), () => metrics.egressForgotten.inc());
  const makeSession: SessionsOptions['makeSession'] = ({ progress, ...claimed }) =>
    new Session({
      ...claimed, ...traced(engines, tracer, config.workerId, claimed), committedIngressSeq: progress.ingressSeq, store, pool, log,
      turnConfig: { endpointSilenceMs: config.endpointSilenceMs, turnLimitMs: config.turnLimitMs },
      engineDeadlineMs: config.engineDeadlineMs, playoutLeadMs: config.playoutLeadMs, fleet: () => fleet.totals(),
    });
  const notices = new NoticePublisher({ bus, registry: metrics.registry, processId: config.workerId, tier: 'worker' });
  const sessions = new Sessions({
    bus, store, egress, metrics, log, makeSession, workerId, onTold: writeDownErrors(notices, log),
    leaseMs: config.leaseMs, reconnectGraceMs: config.reconnectGraceMs, replayMs: config.replayMs,
  });
  const claims = new Claims({ bus, store, sessions, metrics, log, workerId, slots: config.slots });
  const ingress = new Ingress({ bus, sessions, metrics, workerId, queueSize: config.queueSize, frameDeadlineMs: config.frameDeadlineMs });
  registerWorkerGauges(metrics.registry, {
    slotsUsed: () => claims.used, slotsTotal: () => config.slots,
    turnsComputing: () => pool.computing, turnsWaiting: () => pool.waiting,
    laneDepth: (lane) => (lane === 'replay' ? ingress.replaying : ingress.depths()[lane]),
    egressLogBytes: () => sessions.egressLogBytes,
  });
  const heartbeat = (): WorkerHeartbeat => ({
    workerId, state: lifecycle.state, slotsUsed: claims.used, slotsTotal: config.slots,
    turnsComputing: pool.computing, laneDepths: ingress.depths(),
  });
  const observed = observe({ config, workerId, bus, store, lifecycle, metrics, notices, log });
  const stopBeating = beat(bus, fleet, heartbeat, () => egress.sweep());
  const admin = await startAdminServer(config.adminHost, config.adminPort, {
    readiness: () => readiness(lifecycle, bus, store, mustBeMade(config) ? defaults.faults : []),
    metrics: config.metricsEnabled ? () => metrics.registry.metrics() : undefined,
  });
  log.info({ incarnation: workerId, adminPort: admin.port, slots: config.slots, maxWorkers: config.maxWorkers }, 'listening');
  const stopOpening = openOnceMade(mustBeMade(config) ? defaults : undefined, () => lifecycle.enter('ready') && claims.open());

  await terminationSignal(log, config.drainDeadlineMs);
  lifecycle.enter('draining');
  await stopOpening();
  claims.close();
  await tellingOfDrain(notices, claims, () => drainWorker({ claims, sessions, handoffAfterMs: config.handoffAfterMs, deadlineMs: config.drainDeadlineMs, log }));
  lifecycle.enter('stopped');
  stopBeating();
  claims.stop();
  sessions.stop();
  ingress.stop();
  egress.flush();
  await observed.stop();
  await tracer?.stop(FLUSH_MS);
  await Promise.all([admin.close(), engines.close(), bus.close()]);
  redis.disconnect();
}

/** Opens at once, or once these engines are made. Answers how to give that up. */
function openOnceMade(defaults: DefaultEngines | undefined, open: () => unknown): () => Promise<void> {
  const stopping = new AbortController();
  const opening = (async (): Promise<void> => {
    if (defaults === undefined || (await defaults.made(stopping.signal))) open();
  })();
  return () => {
    stopping.abort();
    return opening;
  };
}

async function tellingOfDrain(notices: NoticePublisher, claims: Claims, drain: () => Promise<unknown>): Promise<void> {
  const held = claims.used;
  notices.tell({ kind: 'drain_began', detail: `${held} calls` });
  await drain();
  notices.tell({ kind: 'drain_ended', detail: `${held - claims.used} calls handed over, ${claims.used} left behind` });
}

interface Observed {
  readonly config: WorkerConfig;
  readonly workerId: string;
  readonly bus: Bus;
  readonly store: SessionStore;
  readonly lifecycle: Lifecycle;
  readonly metrics: WorkerMetrics;
  readonly notices: NoticePublisher;
  readonly log: Logger;
}

/** Watches what this worker depends on, and says on the bus how it is. */
function observe({ config, workerId, bus, store, lifecycle, metrics: { registry }, notices, log }: Observed): { stop: () => Promise<void> } {
  const stopWatching = watchDependencies({ registry, bus, store, intervalS: config.metricsIntervalS });
  const stopTelling = tellOfOutages({ bus, store, notices });
  const stats = new StatsPublisher({ bus, log, lifecycle, registry, names: WORKER_STATS, processId: config.workerId, incarnation: workerId, tier: 'worker' });
  const stop = (): Promise<void> => {
    stopWatching();
    stopTelling();
    return stats.stop();
  };
  return { stop };
}

/**
 * Whether a worker takes no work before its default engines are made. Elsewhere it does without: on a machine that lacks the
 * recognizer's library, text still works.
 */
function mustBeMade({ environment }: WorkerConfig): boolean {
  return environment === 'production';
}

/** Makes the default engines at once, so that the first caller does not wait for them; one that cannot be made is said and tried again when asked for. */
async function makeEngines(config: WorkerConfig, log: Logger, metrics: WorkerMetrics): Promise<{ engines: Engines; defaults: DefaultEngines }> {
  const modules = [embeddedEngine, openaiEngine, scriptedEngine, ...(await loadEngineModules(config.engineModules))]
    .map((module) => measured(module, engineMeter(metrics), config.engineDeadlineMs));
  const names = {
    voice_activity: config.voiceActivityEngine, recognizer: config.recognizerEngine,
    responder: config.responderEngine, synthesizer: config.synthesizerEngine,
  };
  const engines = new Engines({ modules, context: { env: withSecretFiles(process.env), log }, defaults: names });
  const defaults = new DefaultEngines(engines, names, log);
  await defaults.make();
  return { engines, defaults };
}

/** Publishes this worker's heartbeat, also at once when the bus is back, and hears everybody's. */
function beat(bus: Bus, fleet: FleetView, heartbeat: () => WorkerHeartbeat, onBeat: () => void): () => void {
  const subscription = bus.subscribe(FLEET_SUBJECT, ({ data }) => {
    const heard = unpack<WorkerHeartbeat>(data);
    if (heard !== undefined) fleet.hear(heard, nowMs());
  });
  const say = (): void => void bus.publish(FLEET_SUBJECT, pack(heartbeat()));
  const timer = setInterval(() => {
    fleet.takeLost(nowMs());
    say();
    onBeat();
  }, HEARTBEAT_INTERVAL_MS);
  // Gateways that found nobody here wait for this before they take the worker for lost.
  bus.onConnection((connected) => {
    if (connected) say();
  });
  return () => {
    clearInterval(timer);
    subscription.stop();
    say();
  };
}

async function readiness(lifecycle: Lifecycle, bus: Bus, store: SessionStore, faults: readonly string[]): Promise<{ ready: boolean; reasons: string[] }> {
  const reasons = [...faults];
  if (lifecycle.state !== 'ready') reasons.push(`the process is ${lifecycle.state}`);
  if (!bus.connected) reasons.push('NATS is not connected');
  if (!(await store.ping())) reasons.push('Redis does not answer');
  return { ready: reasons.length === 0, reasons };
}

await runProcess({
  tier: 'worker',
  loadConfig: loadWorkerConfig,
  identityOf: ({ workerId, logLevel }) => ({ id: workerId, logLevel }),
  run: main,
});
