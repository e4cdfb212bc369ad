import koffi from 'koffi';
import { EngineError } from '../ports.ts';
import { messageOf } from '../../../shared/runtime/errors.ts';

/** What a decoder is made with: paths of a PocketSphinx acoustic model folder, a dictionary and a language model. */
export interface DecoderOptions {
  readonly acousticModel: string;
  readonly dictionary: string;
  /** ARPA text or PocketSphinx's binary form. */
  readonly languageModel: string;
  /** First search pass only: about half the time, more errors. */
  readonly coarse: boolean;
}

/** One decoder. It keeps nothing of an utterance for the next one. Not to be used after `free`. */
export interface Decoder {
  /** Decodes one whole utterance of 16 kHz mono samples into words separated by spaces, '' without any. Throws EngineError. */
  decode(samples: Int16Array): string;
  free(): void;
}

/** The C library, loaded. */
export interface PocketSphinx {
  /** Opens a decoder; files may be removed once it is open. Throws EngineError. */
  open(options: DecoderOptions): Decoder;
}

/** An address in C; null is null. */
type Pointer = bigint | null;

/** Those functions of pocketsphinx.h, cmd_ln.h and err.h (0.8+5prealpha) that are used here. */
interface Api {
  readonly cmd_ln_parse_r: (inout: null, definitions: Pointer, count: number, args: readonly string[], strict: number) => Pointer;
  readonly cmd_ln_free_r: (config: Pointer) => number;
  readonly ps_args: () => Pointer;
  readonly ps_init: (config: Pointer) => Pointer;
  readonly ps_free: (decoder: Pointer) => number;
  readonly ps_start_stream: (decoder: Pointer) => number;
  readonly ps_start_utt: (decoder: Pointer) => number;
  readonly ps_process_raw: (decoder: Pointer, samples: Int16Array, count: number, noSearch: number, fullUtterance: number) => number;
  readonly ps_end_utt: (decoder: Pointer) => number;
  readonly ps_get_hyp: (decoder: Pointer, score: Pointer) => string | null;
}

/** Loads the library by its file name or path, once per thread. Throws EngineError where it is missing or not that library. */
export function loadPocketSphinx(library: string): PocketSphinx {
  const api = bind(library);
  return { open: (options) => new NativeDecoder(api, openDecoder(api, options)) };
}

function bind(library: string): Api {
  try {
    const c = koffi.load(library);
    // The library writes its progress to standard error, line by line, for each utterance.
    c.func('void err_set_logfp(void *file)')(null);
    return {
      cmd_ln_parse_r: c.func('void *cmd_ln_parse_r(void *inout, void *definitions, int32 argc, const char **argv, int32 strict)'),
      cmd_ln_free_r: c.func('int cmd_ln_free_r(void *config)'),
      ps_args: c.func('void *ps_args()'),
      ps_init: c.func('void *ps_init(void *config)'),
      ps_free: c.func('int ps_free(void *decoder)'),
      ps_start_stream: c.func('int ps_start_stream(void *decoder)'),
      ps_start_utt: c.func('int ps_start_utt(void *decoder)'),
      ps_process_raw: c.func('int ps_process_raw(void *decoder, const int16 *samples, size_t count, int no_search, int full_utt)'),
      ps_end_utt: c.func('int ps_end_utt(void *decoder)'),
      ps_get_hyp: c.func('const char *ps_get_hyp(void *decoder, void *score)'),
    };
  } catch (cause) {
    const reason = messageOf(cause);
    throw new EngineError(`PocketSphinx cannot be loaded from ${library}: ${reason}`, false, { cause });
  }
}

function openDecoder(api: Api, options: DecoderOptions): Pointer {
  const args = ['pocketsphinx', '-hmm', options.acousticModel, '-dict', options.dictionary, '-lm', options.languageModel];
  if (options.coarse) args.push('-fwdflat', 'no', '-bestpath', 'no');
  const config = api.cmd_ln_parse_r(null, api.ps_args(), args.length, args, 1);
  if (config === null) throw new EngineError('PocketSphinx does not know an option; expected version 0.8+5prealpha', false);
  const decoder = api.ps_init(config);
  api.cmd_ln_free_r(config);
  if (decoder === null) throw new EngineError('PocketSphinx cannot open its acoustic model, dictionary or language model', false);
  return decoder;
}

class NativeDecoder implements Decoder {
  readonly #api: Api;
  readonly #decoder: Pointer;

  constructor(api: Api, decoder: Pointer) {
    this.#api = api;
    this.#decoder = decoder;
  }

  decode(samples: Int16Array): string {
    // A new stream, or else the noise estimate of the caller before is subtracted from this one. A full utterance, or
    // else the decoder is left with live channel normalisation for good, and each caller inherits the last one's channel.
    this.#check(this.#api.ps_start_stream(this.#decoder), 'start a stream');
    this.#check(this.#api.ps_start_utt(this.#decoder), 'start an utterance');
    const frames = this.#api.ps_process_raw(this.#decoder, samples, samples.length, 0, 1);
    this.#check(this.#api.ps_end_utt(this.#decoder), 'end an utterance');
    this.#check(frames, 'decode');
    return this.#api.ps_get_hyp(this.#decoder, null) ?? '';
  }

  free(): void {
    this.#api.ps_free(this.#decoder);
  }

  #check(result: number, action: string): void {
    if (result < 0) throw new EngineError(`PocketSphinx failed to ${action}`, true);
  }
}
