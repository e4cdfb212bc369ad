import { VoxError } from '../../shared/runtime/errors.ts';
import type { EngineChoice } from '../../shared/protocol/agent-config.ts';
import type { EngineContext, EngineModule, Recognizer, Responder, Synthesizer, VoiceActivity } from './ports.ts';

/** What an engine can be asked for, by the name `agent.engines` has for it. */
export type EngineNeed = keyof EngineChoice;

/** The engine of each need where a session names none. */
export type EngineDefaults = Readonly<Required<EngineChoice>>;

export interface EnginesOptions {
  readonly modules: readonly EngineModule[];
  readonly context: EngineContext;
  readonly defaults: EngineDefaults;
}

/**
 * Every engine of this process: made on first use, once per need and name, closed together. Asking for a name that does
 * not exist rejects with VoxError `bad_request`; a failed make rejects with what the engine threw and is tried again on
 * the next ask. The constructor throws where two modules share a name or a default does not exist.
 */
export class Engines {
  readonly #voiceActivity: EngineShelf<VoiceActivity>;
  readonly #recognizer: EngineShelf<Recognizer>;
  readonly #responder: EngineShelf<Responder>;
  readonly #synthesizer: EngineShelf<Synthesizer>;
  readonly #context: EngineContext;
  readonly #defaults: EngineDefaults;
  readonly #computing: ReadonlySet<string>;

  constructor({ modules, context, defaults }: EnginesOptions) {
    refuseDoubles(modules);
    this.#defaults = defaults;
    this.#computing = new Set(modules.filter(({ computesHere }) => computesHere === true).map(({ name }) => name));
    this.#context = context;
    this.#voiceActivity = shelf('voice_activity', modules, (module) => module.voiceActivity, context, defaults);
    this.#recognizer = shelf('recognizer', modules, (module) => module.recognizer, context, defaults);
    this.#responder = shelf('responder', modules, (module) => module.responder, context, defaults);
    this.#synthesizer = shelf('synthesizer', modules, (module) => module.synthesizer, context, defaults);
  }

  async voiceActivity(name?: string): Promise<VoiceActivity> {
    return this.#voiceActivity.get(name);
  }

  async recognizer(name?: string): Promise<Recognizer> {
    return this.#recognizer.get(name);
  }

  async responder(name?: string): Promise<Responder> {
    return this.#responder.get(name);
  }

  async synthesizer(name?: string): Promise<Synthesizer> {
    return this.#synthesizer.get(name);
  }

  /** Whether the engine that a session gets for this need computes in this process. */
  computesHere(need: 'recognizer' | 'responder', name?: string): boolean {
    return this.#computing.has(name ?? this.#defaults[need]);
  }

  /** The names a session can choose from, per need, in the order of the modules. */
  names(): Readonly<Record<EngineNeed, readonly string[]>> {
    return {
      voice_activity: this.#voiceActivity.names,
      recognizer: this.#recognizer.names,
      responder: this.#responder.names,
      synthesizer: this.#synthesizer.names,
    };
  }

  /** Closes every engine that was made, those being made included; what does not close cleanly is logged. Later asks reject. */
  async close(): Promise<void> {
    const shelves = [this.#voiceActivity, this.#recognizer, this.#responder, this.#synthesizer];
    const failures = (await Promise.all(shelves.map((each) => each.close()))).flat();
    for (const failure of failures) this.#context.log.warn(failure, 'engine did not close cleanly');
  }
}

type Make<T> = (context: EngineContext) => Promise<T>;

interface Closable {
  close(): Promise<void>;
}

interface CloseFailure {
  readonly need: EngineNeed;
  readonly engine: string;
  readonly err: unknown;
}

/** The engines of one need. */
class EngineShelf<T extends Closable> {
  readonly #need: EngineNeed;
  readonly #makers: ReadonlyMap<string, Make<T>>;
  readonly #context: EngineContext;
  readonly #defaultName: string;
  readonly #made = new Map<string, Promise<T>>();
  #state: 'open' | 'closed' = 'open';

  constructor(need: EngineNeed, makers: ReadonlyMap<string, Make<T>>, context: EngineContext, defaultName: string) {
    this.#need = need;
    this.#makers = makers;
    this.#context = context;
    this.#defaultName = defaultName;
  }

  get names(): readonly string[] {
    return [...this.#makers.keys()];
  }

  get(name = this.#defaultName): Promise<T> {
    const make = this.#makers.get(name);
    if (make === undefined) return Promise.reject(new VoxError('bad_request', this.#unknown(name)));
    if (this.#state === 'closed') return Promise.reject(new Error(`the engines are closed; ${this.#need} "${name}" is not made any more`));
    const made = this.#made.get(name) ?? this.#make(name, make);
    this.#made.set(name, made);
    return made;
  }

  async close(): Promise<CloseFailure[]> {
    this.#state = 'closed';
    const failures: CloseFailure[] = [];
    const closing = [...this.#made].map(async ([engine, made]) => {
      try {
        await (await made).close();
      } catch (err) {
        failures.push({ need: this.#need, engine, err });
      }
    });
    await Promise.all(closing);
    this.#made.clear();
    return failures;
  }

  /** Forgets a failed make, so that the next ask tries again: a server may be back, a library installed. */
  async #make(name: string, make: Make<T>): Promise<T> {
    try {
      // The ask is noted before the make begins, so that a make that throws at once is forgotten after it was noted.
      await Promise.resolve();
      return await make(this.#context);
    } catch (error) {
      this.#made.delete(name);
      throw error;
    }
  }

  #unknown(name: string): string {
    return `agent.engines.${this.#need}: there is no engine "${name}"; expected one of: ${this.names.join(', ')}`;
  }
}

function shelf<T extends Closable>(
  need: EngineNeed,
  modules: readonly EngineModule[],
  maker: (module: EngineModule) => Make<T> | undefined,
  context: EngineContext,
  defaults: EngineDefaults,
): EngineShelf<T> {
  const makers = new Map<string, Make<T>>();
  for (const module of modules) {
    const make = maker(module);
    if (make !== undefined) makers.set(module.name, make);
  }
  const defaultName = defaults[need];
  if (!makers.has(defaultName)) {
    throw new Error(`the default ${need} engine is "${defaultName}", which does not exist; expected one of: ${[...makers.keys()].join(', ')}`);
  }
  return new EngineShelf(need, makers, context, defaultName);
}

function refuseDoubles(modules: readonly EngineModule[]): void {
  const seen = new Set<string>();
  for (const { name } of modules) {
    if (seen.has(name)) throw new Error(`two engine modules are named "${name}"; each needs its own name`);
    seen.add(name);
  }
}
