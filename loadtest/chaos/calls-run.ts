import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Balancer } from './balancer.ts';
import { eventsOf, type CallLog } from './call-log.ts';
import type { Injection } from './faults.ts';
import { HeldCalls } from './held-calls.ts';
import type { Owners } from './owners.ts';

/** What a run left to be judged. */
export interface CallsRunRecord {
  readonly logs: readonly CallLog[];
  readonly injections: readonly Injection[];
  /** When the first fault could have come; what was before is how calls are without faults. */
  readonly warmUpMs: number;
  readonly endedMs: number;
  /** How late this process, which plays all callers and holds the clock, was at the most: no measure is finer. */
  readonly lateMs: number;
}

export interface CallsRunOptions {
  readonly balancer: Balancer;
  readonly owners: Owners;
  readonly callers: number;
  /** Of the callers, so many speak human recordings to the embedded engines. */
  readonly recorded: number;
  readonly seed: number;
  /** What an outage takes, if there is to be one: so much longer callers wait for an answer. */
  readonly outageMs?: number | undefined;
  readonly warmUpMs: number;
}

/** Calls begin spread over this, so that they do not speak in chorus. */
export const SPREAD_MS = 1500;
/** So long callers wait for an answer, besides what an outage takes. */
const PATIENCE_MS = 60_000;
/** How finely this process's own lateness is looked at. */
const LATENESS_STEP_MS = 10;

/** Holds calls while `drive` does what it does to the fleet; when it is done they come to their end. Throws where a call cannot be placed. */
export async function runCalls(options: CallsRunOptions, drive: (calls: HeldCalls, nowMs: () => number) => Promise<readonly Injection[]>): Promise<CallsRunRecord> {
  const startedMs = performance.now();
  const nowMs = (): number => performance.now() - startedMs;
  const { balancer, owners, recorded, seed, outageMs = 0, warmUpMs } = options;
  const calls = new HeldCalls({ balancer, owners, recorded, seed, patienceMs: PATIENCE_MS + outageMs, nowMs });
  const lateness = monitorEventLoopDelay({ resolution: LATENESS_STEP_MS });
  lateness.enable();
  try {
    await calls.place(options.callers, SPREAD_MS);
    const injections = await drive(calls, nowMs);
    const logs = await calls.end();
    return { logs, injections: injections.map((injection) => withReturn(injection, logs)), warmUpMs, endedMs: nowMs(), lateMs: Math.max(0, lateness.max / 1e6 - LATENESS_STEP_MS) };
  } finally {
    lateness.disable();
    await calls.hangUp();
  }
}

/** A caller whose network was hit is back when its client says so. */
function withReturn(injection: Injection, logs: readonly CallLog[]): Injection {
  if (injection.healedAtMs !== undefined) return injection;
  const events = logs.filter(({ call }) => injection.affected.includes(call)).flatMap((log) => eventsOf(log, 'state'));
  const back = events.find(({ name, atMs }) => name === 'ready' && atMs > injection.atMs);
  return { ...injection, healedAtMs: back?.atMs };
}
