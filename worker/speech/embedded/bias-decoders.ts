import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { biasModel, type BiasModel } from './bias-model.ts';
import type { Decoder, PocketSphinx } from './pocketsphinx.ts';
import type { BiasNews } from './recognizer-messages.ts';

/**
 * Memory that the decoders of one thread may take, the least recently used bias goes. A bias is two decoders over a
 * dictionary of its own words, 4 MB each when opened in 20 ms, 6 MB once used. (Giving one decoder over the whole
 * dictionary another language model takes 5–10 s and 14 MB.) Open dictation takes 0.8 s.
 */
const MAX_MEGABYTES = 192;
const BIASED_MEGABYTES = 12;
const DICTATION_MEGABYTES = 96;

/** Decoders of one bias. Each utterance is decoded whole and none leaves a trace, so that one pair serves all callers. */
export interface BiasDecoders {
  readonly finals: Decoder;
  readonly partials: Decoder;
  /** What may be said; `undefined` for anything. */
  readonly expected: readonly (readonly string[])[] | undefined;
}

/** The decoders of recent biases, opened when first asked for. */
export class BiasDecodersCache {
  readonly #library: PocketSphinx;
  readonly #model: string;
  readonly #dictionary: Buffer;
  readonly #onNews: (news: BiasNews) => void;
  readonly #ready = new Map<string, BiasDecoders>();

  /** `model` is the folder that holds `en-us/`, `cmudict-en-us.dict` and `en-us.lm.bin`. Throws what reading it throws. */
  constructor(library: PocketSphinx, model: string, onNews: (news: BiasNews) => void) {
    this.#library = library;
    this.#model = model;
    this.#dictionary = readFileSync(join(model, 'cmudict-en-us.dict'));
    this.#onNews = onNews;
  }

  /** `phrases` may be left out from the news that the bias is opened until that it is dropped. Throws EngineError. */
  get(biasId: string, phrases?: readonly string[]): BiasDecoders {
    const decoders = this.#ready.get(biasId) ?? this.#open(biasId, phrases);
    this.#ready.delete(biasId);
    this.#ready.set(biasId, decoders);
    while (this.#ready.size > 1 && this.#megabytes() > MAX_MEGABYTES) this.#dropOldest();
    return decoders;
  }

  #open(biasId: string, phrases: readonly string[] | undefined): BiasDecoders {
    if (phrases === undefined) throw new Error('asked for a bias that is not open without its phrases');
    const startedMs = performance.now();
    const model = biasModel(phrases, this.#dictionary);
    const decoders = model === undefined ? this.#openDictation() : this.#openBiased(model);
    const report = {
      words: model?.words ?? 0,
      guessedWords: model?.guessedWords ?? 0,
      leftOutPhrases: model?.leftOutPhrases ?? phrases.length,
      openMs: Math.round(performance.now() - startedMs),
    };
    this.#onNews({ kind: 'opened', biasId, report });
    return decoders;
  }

  #openBiased(model: BiasModel): BiasDecoders {
    const folder = mkdtempSync(join(tmpdir(), 'voxfleet-bias-'));
    try {
      const files = { dictionary: join(folder, 'words.dict'), languageModel: join(folder, 'phrases.lm') };
      writeFileSync(files.dictionary, model.dictionary);
      writeFileSync(files.languageModel, model.languageModel);
      const acousticModel = join(this.#model, 'en-us');
      const finals = this.#library.open({ acousticModel, ...files, coarse: false });
      const partials = this.#library.open({ acousticModel, ...files, coarse: true });
      return { finals, partials, expected: model.expected };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Anything at all, by the general language model: one decoder does for both, it is a hundred times the size. */
  #openDictation(): BiasDecoders {
    const finals = this.#library.open({
      acousticModel: join(this.#model, 'en-us'),
      dictionary: join(this.#model, 'cmudict-en-us.dict'),
      languageModel: join(this.#model, 'en-us.lm.bin'),
      coarse: false,
    });
    return { finals, partials: finals, expected: undefined };
  }

  /** About what all decoders take once they are used. */
  #megabytes(): number {
    return [...this.#ready.values()].reduce((sum, { expected }) => sum + (expected === undefined ? DICTATION_MEGABYTES : BIASED_MEGABYTES), 0);
  }

  #dropOldest(): void {
    const [oldest] = this.#ready;
    if (oldest === undefined) return;
    const [biasId, decoders] = oldest;
    this.#ready.delete(biasId);
    decoders.finals.free();
    if (decoders.partials !== decoders.finals) decoders.partials.free();
    this.#onNews({ kind: 'dropped', biasId });
  }
}
