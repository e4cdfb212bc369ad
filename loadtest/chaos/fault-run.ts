import { setTimeout as sleep } from 'node:timers/promises';
import { runCalls, SPREAD_MS, type CallsRunRecord } from './calls-run.ts';
import { FAULTS, type FaultContext, type FaultName, type Injection } from './faults.ts';
import { faultSchedule } from './schedule.ts';
import { Stage, type StageOptions } from './stage.ts';

export interface FaultRunOptions {
  readonly fault: FaultName;
  readonly callers: number;
  /** Of the callers, so many speak human recordings to the embedded engines. */
  readonly recorded: number;
  readonly seconds: number;
  readonly seed: number;
  /** Instead of the usual time that NATS and Redis stay away. */
  readonly outageMs?: number | undefined;
  /** Hears what happens, as it happens. */
  readonly onProgress?: (words: string) => void;
}

/** Of the whole run; what calls are like without faults. */
const WARM_UP_PART = 0.2;
const MOST_WARM_UP_MS = 15_000;
/** No new fault so short before the end. */
const QUIET_END_MS = 2000;
/** As the default of REPLAY_MS. */
const KEPT_BEYOND_OUTAGE_MS = 30_000;

/** Runs calls on a fleet of their own while a fault is done to it again and again. Throws where the fleet or a call cannot be started. */
export async function runFault(options: FaultRunOptions & StageOptions): Promise<CallsRunRecord> {
  const { outageMs } = options;
  // What callers say during an outage that was asked for is to be kept: how long that is, is a setting.
  const env = outageMs === undefined ? {} : { REPLAY_MS: String(outageMs + KEPT_BEYOND_OUTAGE_MS) };
  const stage = await Stage.open({ ...FAULTS[options.fault].fleet, ...options, env: { ...env, ...options.env } });
  try {
    return await runFaultOn(stage, options);
  } finally {
    await stage.close();
  }
}

/** The same on a fleet that is there, and whole again afterwards. */
export async function runFaultOn(stage: Stage, options: FaultRunOptions): Promise<CallsRunRecord> {
  const { members, balancer, owners } = stage;
  const endMs = options.seconds * 1000;
  const warmUpMs = Math.min(MOST_WARM_UP_MS, endMs * WARM_UP_PART) + SPREAD_MS;
  return runCalls({ ...options, balancer, owners, warmUpMs }, async ({ callers }, nowMs) => {
    const injections = await injectAll(options, { members, owners, callers, nowMs }, warmUpMs, endMs - QUIET_END_MS);
    await sleep(Math.max(0, endMs - nowMs()));
    return injections;
  });
}

async function injectAll(options: FaultRunOptions, context: FaultContext, fromMs: number, toMs: number): Promise<Injection[]> {
  const { fault, seed, outageMs, onProgress } = options;
  const injections: Injection[] = [];
  for (const planned of faultSchedule({ fault, seed, fromMs, toMs, outageMs })) {
    await sleep(Math.max(0, planned.atMs - context.nowMs()));
    const injection = await FAULTS[fault].inject(context, planned);
    injections.push(injection);
    const { atMs, healedAtMs, target, affected } = injection;
    const healed = healedAtMs === undefined ? '' : `, whole again after ${Math.round(healedAtMs - atMs)} ms`;
    onProgress?.(`${(atMs / 1000).toFixed(1)} s ${target}, ${affected.length} calls${healed}`);
    if (context.nowMs() > toMs) break;
  }
  return injections;
}
