import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetOptions } from '../../shared/testing/fleet.ts';
import { primaryIs } from '../../shared/testing/fleet-servers.ts';
import { answers } from '../../shared/testing/servers.ts';
import type { Caller } from './caller.ts';
import type { Members } from './members.ts';
import type { Owners } from './owners.ts';
import type { Trial } from './trial.ts';

/** What is done to a fleet, by name. */
export const FAULT_NAMES = [
  'worker-kill', 'worker-freeze', 'gateway-kill', 'both', 'nats-node-kill', 'nats-gone', 'redis-primary-kill', 'redis-gone',
  'client-cut', 'client-cut-silent', 'slow-client', 'rolling-restart',
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

export interface FaultContext {
  readonly members: Members;
  readonly owners: Owners;
  readonly callers: readonly Caller[];
  readonly nowMs: () => number;
}

/** What chance decided about one fault. */
export interface FaultDraw {
  /** 0 to 1: which target. */
  readonly choice: number;
  /** How long something stays away, where that is a matter of choice. */
  readonly lengthMs: number;
  /** Counts the faults of a run, from 0. */
  readonly index: number;
  /** Counts on with every fault and from seed to seed: which way, where a fault has several. */
  readonly variant: number;
}

/** One fault as it was done. */
export interface Injection {
  readonly atMs: number;
  /**
   * When what was taken away was there again (or its replacement was); for a caller's network, when its client was ready again.
   * Undefined where that was not seen.
   */
  readonly healedAtMs: number | undefined;
  /** Who was hit: a member, a server, a caller. */
  readonly target: string;
  /** Calls that had to do with the target. */
  readonly affected: readonly number[];
  /** When the store named another owner of a call, where the fault takes owners away; a few dozen milliseconds coarse. */
  readonly claims?: readonly { readonly call: number; readonly atMs: number }[];
}

export interface Fault extends Trial {
  readonly name: FaultName;
  readonly fleet: Pick<FleetOptions, 'nats' | 'redis'>;
  /** Does it once and resolves when the fleet is whole again. */
  readonly inject: (context: FaultContext, draw: FaultDraw) => Promise<Injection>;
}

/** What the design promises where one process or node is killed. */
const MOST_EXTRA_MS = 1000;
/** How soon something killed is replaced. */
const REPLACED_AFTER_MS = 300;
const FAILOVER_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
/** How long new owners are waited for, and how exactly. */
const CLAIMED_WITHIN_MS = 5000;
const CLAIM_POLL_MS = 20;

export const FAULTS: Readonly<Record<FaultName, Fault>> = {
  'worker-kill': { name: 'worker-kill', words: 'a worker is killed (kill -9)', mostExtraMs: MOST_EXTRA_MS, fleet: {}, inject: killWorker },
  'worker-freeze': { name: 'worker-freeze', words: 'a worker is frozen (SIGSTOP) and thawed', fleet: {}, inject: freezeWorker },
  'gateway-kill': { name: 'gateway-kill', words: 'a gateway is killed (kill -9)', mostExtraMs: MOST_EXTRA_MS, fleet: {}, inject: killGateway },
  both: { name: 'both', words: 'a worker, then a gateway are killed, in turn', mostExtraMs: MOST_EXTRA_MS, fleet: {}, inject: (context, draw) => (draw.index % 2 === 0 ? killWorker : killGateway)(context, draw) },
  'nats-node-kill': { name: 'nats-node-kill', words: 'one of three NATS nodes is killed', mostExtraMs: MOST_EXTRA_MS, fleet: { nats: 'cluster' }, inject: killNatsNode },
  'nats-gone': { name: 'nats-gone', words: 'all of NATS is away for a while', fleet: {}, inject: takeNatsAway },
  'redis-primary-kill': { name: 'redis-primary-kill', words: 'the Redis primary is killed, Sentinels fail over', fleet: { redis: 'sentinel' }, inject: killRedisPrimary },
  'redis-gone': { name: 'redis-gone', words: 'Redis is frozen, or killed and comes back empty', fleet: {}, inject: takeRedisAway },
  'client-cut': { name: 'client-cut', words: 'a caller’s connection is reset', fleet: {}, inject: (context, draw) => hitCaller(context, draw, (caller) => caller.line.cut()) },
  'client-cut-silent': { name: 'client-cut-silent', words: 'a caller’s network swallows everything', fleet: {}, inject: (context, draw) => hitCaller(context, draw, (caller) => caller.line.silence()) },
  'slow-client': { name: 'slow-client', words: 'a caller reads nothing for a while', fleet: {}, inject: slowCaller },
  'rolling-restart': { name: 'rolling-restart', words: 'every gateway and worker is replaced in order', fleet: {}, inject: restartAll },
};

async function killWorker(context: FaultContext, draw: FaultDraw): Promise<Injection> {
  const { members, nowMs } = context;
  const worker = chosen(members.workers, draw);
  const affected = await callsOf(context, worker.id);
  const atMs = nowMs();
  await members.kill(worker);
  const claims = claimsOf(context, worker.id, affected);
  await sleep(REPLACED_AFTER_MS);
  await members.addWorker();
  return { atMs, healedAtMs: nowMs(), target: worker.id, affected, claims: await claims };
}

async function freezeWorker(context: FaultContext, draw: FaultDraw): Promise<Injection> {
  const worker = chosen(context.members.workers, draw);
  const affected = await callsOf(context, worker.id);
  const atMs = context.nowMs();
  await worker.kill('SIGSTOP');
  const claims = claimsOf(context, worker.id, affected);
  await sleep(draw.lengthMs);
  await worker.kill('SIGCONT');
  return { atMs, healedAtMs: context.nowMs(), target: worker.id, affected, claims: await claims };
}

async function killGateway({ members, callers, nowMs }: FaultContext, draw: FaultDraw): Promise<Injection> {
  const gateway = chosen(members.gateways, draw);
  const affected = callers.filter(({ line }) => line.gateway === gateway.url).map(({ call }) => call);
  const atMs = nowMs();
  await members.kill(gateway);
  await sleep(REPLACED_AFTER_MS);
  await members.addGateway();
  return { atMs, healedAtMs: nowMs(), target: gateway.id, affected };
}

async function killNatsNode({ members, callers, nowMs }: FaultContext, draw: FaultDraw): Promise<Injection> {
  const node = chosen(members.fleet.natsServers, draw);
  const atMs = nowMs();
  await node.kill();
  await sleep(draw.lengthMs);
  await node.restart();
  return { atMs, healedAtMs: nowMs(), target: node.name, affected: all(callers) };
}

async function takeNatsAway({ members, callers, nowMs }: FaultContext, { lengthMs }: FaultDraw): Promise<Injection> {
  const { natsServers } = members.fleet;
  const atMs = nowMs();
  await Promise.all(natsServers.map((server) => server.kill()));
  await sleep(lengthMs);
  await Promise.all(natsServers.map((server) => server.restart()));
  return { atMs, healedAtMs: nowMs(), target: `nats for ${lengthMs} ms`, affected: all(callers) };
}

async function killRedisPrimary({ members, callers, nowMs }: FaultContext): Promise<Injection> {
  const { redisServers, sentinels } = members.fleet;
  const roles = await Promise.all(redisServers.map(({ port }) => answers(port, 'INFO replication\r\n', 'role:master')));
  const primary = redisServers[roles.indexOf(true)];
  const replica = redisServers.find((server) => server !== primary);
  if (primary === undefined || replica === undefined) throw new Error('there is no Redis primary with a replica');
  const atMs = nowMs();
  await primary.kill();
  await until(async () => (await primaryIs(sentinels, replica)).every(Boolean), 'the replica did not become the primary');
  await primary.restart();
  // An orchestrator starts it as a replica; waiting until the Sentinels find a primary too many takes them ten seconds and more.
  await answers(primary.port, `REPLICAOF 127.0.0.1 ${replica.port}\r\n`, '+OK');
  await until(() => answers(primary.port, 'INFO replication\r\n', 'master_link_status:up'), 'the old primary did not become a replica');
  return { atMs, healedAtMs: nowMs(), target: primary.name, affected: all(callers) };
}

async function takeRedisAway({ members, callers, nowMs }: FaultContext, { variant, lengthMs }: FaultDraw): Promise<Injection> {
  const { redisServers } = members.fleet;
  const isFrozen = variant % 2 === 0;
  const atMs = nowMs();
  await Promise.all(redisServers.map((server) => (isFrozen ? server.pause() : server.kill())));
  await sleep(lengthMs);
  await Promise.all(redisServers.map((server) => (isFrozen ? server.resume() : server.restart())));
  return { atMs, healedAtMs: nowMs(), target: `redis ${isFrozen ? 'frozen' : 'killed'} for ${lengthMs} ms`, affected: all(callers) };
}

/** What its client makes of it is known later, by its log. */
async function hitCaller({ callers, nowMs }: FaultContext, draw: FaultDraw, hit: (caller: Caller) => void): Promise<Injection> {
  const caller = chosen(callers, draw);
  const atMs = nowMs();
  hit(caller);
  return { atMs, healedAtMs: undefined, target: `caller ${caller.call}`, affected: [caller.call] };
}

async function slowCaller({ callers, nowMs }: FaultContext, draw: FaultDraw): Promise<Injection> {
  const caller = chosen(callers, draw);
  const atMs = nowMs();
  caller.line.stopReading();
  await sleep(draw.lengthMs);
  caller.line.readOn();
  return { atMs, healedAtMs: nowMs(), target: `caller ${caller.call} for ${draw.lengthMs} ms`, affected: [caller.call] };
}

/** One after the other, as an orchestrator does it: the new one is ready before the old one is asked to go. */
async function restartAll({ members, callers, nowMs }: FaultContext): Promise<Injection> {
  const atMs = nowMs();
  for (const worker of members.workers) {
    await members.addWorker();
    await members.drain(worker);
  }
  for (const gateway of members.gateways) {
    await members.addGateway();
    await members.drain(gateway);
  }
  return { atMs, healedAtMs: nowMs(), target: 'everything', affected: all(callers) };
}

function chosen<T>(targets: readonly T[], { choice }: FaultDraw): T {
  const target = targets[Math.min(targets.length - 1, Math.floor(choice * targets.length))];
  if (target === undefined) throw new Error('there is nothing left to hit');
  return target;
}

async function callsOf({ owners, callers }: FaultContext, workerId: string): Promise<number[]> {
  const owned = await owners.ownedBy(workerId, callers.map(({ sessionId }) => sessionId));
  return callers.filter(({ sessionId }) => owned.has(sessionId)).map(({ call }) => call);
}

/** Waits until somebody else owns these calls, or long enough. */
async function claimsOf({ owners, callers, nowMs }: FaultContext, workerId: string, calls: readonly number[]): Promise<NonNullable<Injection['claims']>> {
  const deadlineMs = nowMs() + CLAIMED_WITHIN_MS;
  const waiting = new Map(callers.filter(({ call }) => calls.includes(call)).map(({ sessionId, call }) => [sessionId, call]));
  const claims: { readonly call: number; readonly atMs: number }[] = [];
  while (waiting.size > 0 && nowMs() < deadlineMs) {
    await sleep(CLAIM_POLL_MS);
    const still = await owners.ownedBy(workerId, [...waiting.keys()]);
    for (const [sessionId, call] of waiting) {
      if (still.has(sessionId)) continue;
      waiting.delete(sessionId);
      claims.push({ call, atMs: nowMs() });
    }
  }
  return claims;
}

function all(callers: readonly Caller[]): number[] {
  return callers.map(({ call }) => call);
}

async function until(holds: () => Promise<boolean>, complaint: string): Promise<void> {
  const deadline = performance.now() + FAILOVER_TIMEOUT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`${complaint} within ${FAILOVER_TIMEOUT_MS / 1000} s`);
    await sleep(POLL_MS);
  }
}
