import type { FinalTranscript } from '../ports.ts';

/** Settings of a recognizer thread. */
export interface RecognizerThreadSettings {
  /** File name or path of the PocketSphinx library. */
  readonly library: string;
  /** Folder of the model: `en-us/`, `cmudict-en-us.dict` and `en-us.lm.bin`. */
  readonly model: string;
}

/** One thing to do under a bias. */
export type RecognizerWork =
  | { readonly kind: 'warm' }
  /** Samples are a whole utterance at INTERNAL_RATE_HZ, padded, in a buffer of their own that moves to the thread. */
  | { readonly kind: 'partial' | 'final'; readonly samples: Int16Array<ArrayBuffer> };

/** To the thread. It keeps nothing of it afterwards but the decoders of recent biases. */
export interface RecognizerRequest {
  readonly biasId: string;
  /** Sent while the thread does not have this bias open. */
  readonly phrases?: readonly string[];
  readonly work: RecognizerWork;
}

/** From the thread: the answer to its work, one each, in order; before it the news which biases were opened and dropped for it. */
export type RecognizerReply =
  | { readonly kind: 'warm' }
  /** What was heard so far; '' when nothing was. */
  | { readonly kind: 'partial'; readonly text: string }
  | { readonly kind: 'final'; readonly transcript: FinalTranscript }
  | { readonly kind: 'failed'; readonly message: string; readonly retryable: boolean }
  | BiasNews;

/** From now on the bias needs no phrases; from now on it does again. */
export type BiasNews =
  | { readonly kind: 'opened'; readonly biasId: string; readonly report: BiasReport }
  | { readonly kind: 'dropped'; readonly biasId: string };

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
