import type { FinalTranscript } from '../ports.ts';

/** Settings of a recognizer thread. */
export interface RecognizerThreadSettings {
  /** File name or path of the PocketSphinx library. */
  readonly library: string;
  /** Folder of the model: `en-us/`, `cmudict-en-us.dict` and `en-us.lm.bin`. */
  readonly model: string;
}

/** To the thread: one thing to do under a bias. It keeps nothing of it afterwards but the decoders of recent biases. */
export type RecognizerWork =
  | { readonly kind: 'warm'; readonly phrases: readonly string[] }
  /** Samples are a whole utterance at INTERNAL_RATE_HZ, padded, in a buffer of their own that moves to the thread. */
  | { readonly kind: 'partial' | 'final'; readonly phrases: readonly string[]; readonly samples: Int16Array<ArrayBuffer> };

/** From the thread: the answer to its work, one each, in order; and the news that a bias was met for the first time. */
export type RecognizerReply =
  | { readonly kind: 'warm' }
  /** What was heard so far; '' when nothing was. */
  | { readonly kind: 'partial'; readonly text: string }
  | { readonly kind: 'final'; readonly transcript: FinalTranscript }
  | { readonly kind: 'failed'; readonly message: string; readonly retryable: boolean }
  | { readonly kind: 'opened'; readonly report: BiasReport };

/** What became of a bias, in numbers alone: phrases are private. */
export interface BiasReport {
  /** Different words it can understand; 0 for open dictation. */
  readonly words: number;
  /** Of those, words whose pronunciation was guessed from their spelling. */
  readonly guessedWords: number;
  /** Phrases left out because they cannot be said in English words, or beyond the limit. */
  readonly leftOutPhrases: number;
  /** How long it took to make ready. */
  readonly openMs: number;
}
