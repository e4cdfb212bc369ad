import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentRequest } from '../../shared/client/session-request.ts';
import type { Balancer } from './balancer.ts';
import { eventsOf, type CallLog } from './call-log.ts';
import { Caller } from './caller.ts';
import { FAULTS, type FaultContext, type FaultName, type Injection } from './faults.ts';
import { converseInNumbers } from './numbered-conversation.ts';
import { rangesIn } from './numbered-text.ts';
import type { Owners } from './owners.ts';
import { converseByRecordings, RECORDED_AGENT } from './recorded-conversation.ts';
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

/** What a run left to be judged. */
export interface FaultRunRecord {
  readonly logs: readonly CallLog[];
  readonly injections: readonly Injection[];
  /** When the first fault could have come; what was before is how calls are without faults. */
  readonly warmUpMs: number;
  readonly endedMs: number;
  /** How late this process, which plays all callers and holds the clock, was at the most: no measure is finer. */
  readonly lateMs: number;
}

const NUMBERED = { voice_activity: 'numbered', recognizer: 'numbered', responder: 'numbered', synthesizer: 'numbered' };
const NUMBERED_AGENT: AgentRequest = { instructions: 'Answer by numbers.', engines: NUMBERED };
/** Of the whole run; what calls are like without faults. */
const WARM_UP_PART = 0.2;
const MOST_WARM_UP_MS = 15_000;
/** Calls begin spread over this, so that they do not speak in chorus. */
const SPREAD_MS = 1500;
/** No new fault so short before the end. */
const QUIET_END_MS = 2000;
/** So long callers wait for an answer, besides what an outage takes. */
const PATIENCE_MS = 25_000;
/** What was said last is stored within this. */
const STORED_WITHIN_MS = 5000;
const POLL_MS = 100;
/** As the default of REPLAY_MS. */
const KEPT_BEYOND_OUTAGE_MS = 30_000;
/** How finely this process's own lateness is looked at. */
const LATENESS_STEP_MS = 10;

/** Runs calls on a fleet of their own while a fault is done to it again and again. Throws where the fleet or a call cannot be started. */
export async function runFault(options: FaultRunOptions & StageOptions): Promise<FaultRunRecord> {
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
export async function runFaultOn(stage: Stage, options: FaultRunOptions): Promise<FaultRunRecord> {
  const { members, balancer, owners } = stage;
  const startedMs = performance.now();
  const nowMs = (): number => performance.now() - startedMs;
  const endMs = options.seconds * 1000;
  const warmUpMs = Math.min(MOST_WARM_UP_MS, endMs * WARM_UP_PART) + SPREAD_MS;
  const callers: Caller[] = [];
  let isOver = false;
  const injectUntilEnd = async (): Promise<Injection[]> => {
    const injections = await injectAll(options, { members, owners, callers, nowMs }, warmUpMs, endMs - QUIET_END_MS);
    await sleep(Math.max(0, endMs - nowMs()));
    isOver = true;
    return injections;
  };
  const lateness = monitorEventLoopDelay({ resolution: LATENESS_STEP_MS });
  lateness.enable();
  try {
    await placeCalls(options, balancer, nowMs, callers);
    const conversations = callers.map((caller) => converse(options, caller, () => isOver));
    const [injections] = await Promise.all([injectUntilEnd(), ...conversations]);
    const logs = await Promise.all(callers.map((caller) => finish(caller, owners)));
    return { logs, injections: injections.map((injection) => withReturn(injection, logs)), warmUpMs, endedMs: nowMs(), lateMs: Math.max(0, lateness.max / 1e6 - LATENESS_STEP_MS) };
  } finally {
    lateness.disable();
    // Where something failed the others are still talking: a microphone that is on keeps this process alive.
    isOver = true;
    await Promise.all(callers.map((caller) => caller.hangUp()));
  }
}

/** Adds each call to `callers` as soon as it is there. */
async function placeCalls(options: FaultRunOptions, balancer: Balancer, nowMs: () => number, callers: Caller[]): Promise<void> {
  const placed = await Promise.allSettled(Array.from({ length: options.callers }, async (_, call) => {
    await sleep((SPREAD_MS * call) / options.callers);
    const isNumbered = call >= options.recorded;
    callers[call] = await Caller.place({ call, line: await balancer.openLine(), agent: isNumbered ? NUMBERED_AGENT : RECORDED_AGENT, isNumbered, nowMs });
  }));
  const failed = placed.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/** A caller whose network was hit is back when its client says so. */
function withReturn(injection: Injection, logs: readonly CallLog[]): Injection {
  if (injection.healedAtMs !== undefined) return injection;
  const events = logs.filter(({ call }) => injection.affected.includes(call)).flatMap((log) => eventsOf(log, 'state'));
  const back = events.find(({ name, atMs }) => name === 'ready' && atMs > injection.atMs);
  return { ...injection, healedAtMs: back?.atMs };
}

async function converse({ recorded, seed, outageMs = 0 }: FaultRunOptions, caller: Caller, isOver: () => boolean): Promise<void> {
  const patienceMs = PATIENCE_MS + outageMs;
  if (caller.call < recorded) await converseByRecordings(caller, seed, patienceMs, isOver);
  else await converseInNumbers(caller, seed, patienceMs, isOver);
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

/** Reads what is stored, then hangs up. */
async function finish(caller: Caller, owners: Owners): Promise<CallLog> {
  const { call, sessionId, events } = caller;
  const stored = await storedTexts(caller, owners);
  await caller.hangUp();
  return { call, sessionId, events, stored };
}

/** Waits a little until the last utterance is stored: answers are not held back for it. */
async function storedTexts(caller: Caller, owners: Owners): Promise<string[] | undefined> {
  const last = caller.events.findLast((event) => event.kind === 'utterance');
  const deadline = performance.now() + STORED_WITHIN_MS;
  for (;;) {
    const texts = await readTexts(caller.sessionId, owners);
    const isComplete = texts !== undefined && (last === undefined || texts.some((text) => rangesIn(text).some(({ id, to }) => id === last.id && to >= last.takenSamples)));
    if (isComplete || performance.now() > deadline) return texts;
    await sleep(POLL_MS);
  }
}

async function readTexts(sessionId: string, owners: Owners): Promise<string[] | undefined> {
  try {
    return await owners.callerTexts(sessionId);
  } catch (error) {
    // The store is away: what the caller was told has to do.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
