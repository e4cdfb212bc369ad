import type { Logger } from '../shared/runtime/log.ts';
import { pause } from '../shared/runtime/pause.ts';
import type { EngineDefaults, EngineNeed, Engines } from './speech/engines.ts';
import { messageOf } from '../shared/runtime/errors.ts';

const RETRY_MS = 2000;

/** What is asked of a process's engines, in the order in which a turn needs them. */
const ASK = {
  voice_activity: (engines: Engines) => engines.voiceActivity(),
  recognizer: (engines: Engines) => engines.recognizer(),
  responder: (engines: Engines) => engines.responder(),
  synthesizer: (engines: Engines) => engines.synthesizer(),
} as const satisfies Record<EngineNeed, unknown>;

const NEEDS = Object.keys(ASK) as readonly EngineNeed[];

/** The engines of sessions that name none, made before the first caller comes, and why those that are not made are not. */
export class DefaultEngines {
  readonly #engines: Engines;
  readonly #names: EngineDefaults;
  readonly #log: Logger;
  readonly #faults = new Map<EngineNeed, string>();

  constructor(engines: Engines, names: EngineDefaults, log: Logger) {
    this.#engines = engines;
    this.#names = names;
    this.#log = log;
  }

  /** One sentence for each default engine that could not be made. */
  get faults(): readonly string[] {
    return NEEDS.flatMap((need) => this.#faults.get(need) ?? []);
  }

  /** Makes what is not made yet, and says anew what cannot be. Never rejects. */
  async make(): Promise<void> {
    await Promise.all(NEEDS.map(async (need) => {
      try {
        await ASK[need](this.#engines);
        this.#faults.delete(need);
      } catch (err) {
        const fault = `the default ${need} "${this.#names[need]}" could not be made: ${messageOf(err)}`;
        // What is as it was is not said again at every try.
        if (this.#faults.get(need) !== fault) this.#log.error({ err, need, engine: this.#names[need] }, 'a default engine could not be made');
        this.#faults.set(need, fault);
      }
    }));
  }

  /** Resolves true once all are made, tried again after each `retryMs`; false where `signal` is aborted first. */
  async made(signal: AbortSignal, retryMs = RETRY_MS): Promise<boolean> {
    while (this.#faults.size > 0) {
      if (!(await pause(retryMs, signal))) return false;
      await this.make();
    }
    return !signal.aborted;
  }
}
