import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { EngineError } from '../ports.ts';
import { EngineSettings } from '../engine-settings.ts';
import { DISTRIBUTION_SYNTAX, drawMs, parseDistribution, type Distribution } from './distribution.ts';
import { hashText, seededRandom, type Random } from './random.ts';

/** How the scripted engines behave. */
export interface ScriptedSettings {
  readonly transcript: Distribution;
  readonly firstToken: Distribution;
  readonly token: Distribution;
  readonly firstSpeech: Distribution;
  readonly seed: number;
  /** Part of all calls (0–1) that fail. */
  readonly failRate: number;
}

/** Reads SCRIPTED_* from the environment; throws one Error that lists every mistake. */
export function readScriptedSettings(env: Readonly<Record<string, string | undefined>>): ScriptedSettings {
  const settings = new EngineSettings(env);
  const read: ScriptedSettings = {
    transcript: latency(settings, 'SCRIPTED_TRANSCRIPT_MS'),
    firstToken: latency(settings, 'SCRIPTED_FIRST_TOKEN_MS'),
    token: latency(settings, 'SCRIPTED_TOKEN_MS'),
    firstSpeech: latency(settings, 'SCRIPTED_FIRST_SPEECH_MS'),
    seed: settings.number('SCRIPTED_SEED', 1, { min: 0, max: 0xffff_ffff, whole: true }),
    failRate: settings.number('SCRIPTED_FAIL_RATE', 0, { min: 0, max: 1, whole: false }),
  };
  settings.check('scripted');
  return read;
}

function latency(settings: EngineSettings, name: string): Distribution {
  const text = settings.text(name, 'constant:0');
  const distribution = parseDistribution(text);
  if (distribution === undefined) settings.mistake(name, `expected ${DISTRIBUTION_SYNTAX}, got "${text}"`);
  return distribution ?? { kind: 'constant', ms: 0 };
}

/** Where a call fails: not at all, before its first result, or after it. */
export type Fault = 'none' | 'before' | 'after';

/**
 * What chance decides in one call. The n-th call of an engine draws the same whatever else runs beside it, because each
 * call has a generator of its own.
 */
export interface ScriptedCall {
  readonly fault: Fault;
  readonly random: Random;
}

/** Deals out calls for one need. */
export class ScriptedCalls {
  readonly #settings: ScriptedSettings;
  readonly #need: string;
  #count = 0;

  constructor(settings: ScriptedSettings, need: string) {
    this.#settings = settings;
    this.#need = need;
  }

  next(): ScriptedCall {
    this.#count += 1;
    const random = seededRandom(hashText(`${this.#settings.seed}/${this.#need}/${this.#count}`));
    const fails = random() < this.#settings.failRate;
    const early = random() < 0.5;
    return { random, fault: fails ? (early ? 'before' : 'after') : 'none' };
  }
}

/** Throws the fault a call is to have at this place. */
export function failIf(call: ScriptedCall, place: 'before' | 'after'): void {
  if (call.fault === place) throw new EngineError('scripted fault', true);
}

/** Waits for one latency; answers false, at once, when `signal` aborts. A latency of 0 still lets the event loop turn. */
export async function lapse(distribution: Distribution, call: ScriptedCall, signal: AbortSignal): Promise<boolean> {
  const ms = drawMs(distribution, call.random);
  try {
    // A timer of 0 would take a whole millisecond.
    await (ms > 0 ? sleep(ms, undefined, { signal }) : turn(undefined, { signal }));
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
