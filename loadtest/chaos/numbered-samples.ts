/**
 * Audio in which every sample says what it is part of and where it belongs. A stretch has an id (28 bits) and positions from
 * 0; of each four samples two tell the position and two tell half the id each:
 *
 *   position 4k   4k + 1      4k + 2       4k + 3
 *   2k + 1        -1 - low    2k + 2       -16385 - high
 *
 * 0 is silence and nothing else. The numbers are 16-bit samples, so they arrive unchanged in PCM16 at the engines' own rate.
 */

/** Ids are below this. */
export const MOST_IDS = 2 ** 28;
/** A stretch is no longer than this: 4 s at 16 kHz. */
export const MOST_SAMPLES = 65_532;

const HALF_ID = 2 ** 14;
/** So many samples hold position and id. */
const GROUP = 4;

/** Part of a numbered stretch: samples `from` to `to` (exclusive) of the one with this id. */
export interface SampleRange {
  readonly id: number;
  readonly from: number;
  readonly to: number;
}

/** What a stream of samples turned out to be. */
export type Run =
  | ({ readonly kind: 'numbered' } & SampleRange)
  | { readonly kind: 'silence'; readonly samples: number }
  /** Neither silence nor anything numbered: audio that was changed or cut inside of a group. */
  | { readonly kind: 'damaged'; readonly samples: number };

/** The sample at a position of a stretch. */
export function numberedSample(id: number, position: number): number {
  if (position % 2 === 0) return position / 2 + 1;
  return position % GROUP === 1 ? -1 - (id % HALF_ID) : -1 - HALF_ID - Math.floor(id / HALF_ID);
}

/** Samples `from` to `to` (exclusive) of a stretch. Throws RangeError beyond MOST_IDS or MOST_SAMPLES. */
export function numberedSamples({ id, from, to }: SampleRange): Int16Array {
  if (!(id >= 0 && id < MOST_IDS && from >= 0 && to <= MOST_SAMPLES)) throw new RangeError(`no numbered samples ${from}-${to} of ${id}`);
  return Int16Array.from({ length: Math.max(0, to - from) }, (_, at) => numberedSample(id, from + at));
}

/** Reads a stream of samples, in any portions, as runs. What cannot be told yet waits for the next portion: three samples at most. */
export class NumberedReader {
  #pending: Int16Array = new Int16Array();
  #current: SampleRange | undefined;

  /** The runs in these samples, in order; a run that goes on over portions comes in parts. */
  push(samples: Int16Array): Run[] {
    const stream = this.#pending.length === 0 ? samples : joined(this.#pending, samples);
    const runs: Run[] = [];
    let at = 0;
    while (at < stream.length) {
      const length = this.#step(stream, at, runs);
      if (length === 0) break;
      at += length;
    }
    this.#pending = stream.slice(at);
    return runs;
  }

  /** Nothing follows: what waited is damaged. */
  finish(): Run[] {
    const samples = this.#pending.length;
    this.#pending = new Int16Array();
    this.#current = undefined;
    return samples === 0 ? [] : [{ kind: 'damaged', samples }];
  }

  /** Takes one run from the stream's place; answers its length, 0 where more samples are needed to tell. */
  #step(stream: Int16Array, at: number, runs: Run[]): number {
    if (this.#current !== undefined) {
      const { id, to } = this.#current;
      const length = matching(stream, at, id, to);
      if (length > 0) {
        this.#current = { id, from: to, to: to + length };
        runs.push({ kind: 'numbered', ...this.#current });
        return length;
      }
      this.#current = undefined;
    }
    const silent = silence(stream, at);
    if (silent > 0) {
      runs.push({ kind: 'silence', samples: silent });
      return silent;
    }
    if (stream.length - at < GROUP) return 0;
    const found = identify(stream, at);
    if (found === undefined) {
      runs.push({ kind: 'damaged', samples: 1 });
      return 1;
    }
    this.#current = { id: found.id, from: found.position, to: found.position };
    return this.#step(stream, at, runs);
  }
}

/** All runs of a whole recording, parts of one run put together. */
export function runsOf(samples: Int16Array): Run[] {
  const reader = new NumberedReader();
  return mergedRuns([...reader.push(samples), ...reader.finish()]);
}

/** Puts neighbours together that go on in each other. */
export function mergedRuns(runs: readonly Run[]): Run[] {
  const merged: Run[] = [];
  for (const run of runs) {
    const last = merged.at(-1);
    if (last?.kind === 'numbered' && run.kind === 'numbered' && last.id === run.id && last.to === run.from) {
      merged[merged.length - 1] = { ...last, to: run.to };
    } else if (last !== undefined && last.kind !== 'numbered' && last.kind === run.kind) {
      merged[merged.length - 1] = { ...last, samples: last.samples + run.samples };
    } else {
      merged.push(run);
    }
  }
  return merged;
}

/** How many samples from here on go on with a stretch. */
function matching(stream: Int16Array, at: number, id: number, position: number): number {
  let length = 0;
  while (at + length < stream.length && position + length < MOST_SAMPLES && stream[at + length] === numberedSample(id, position + length)) length += 1;
  return length;
}

function silence(stream: Int16Array, at: number): number {
  let length = 0;
  while (at + length < stream.length && stream[at + length] === 0) length += 1;
  return length;
}

/** Which stretch and position four samples belong to; undefined where they contradict each other. */
function identify(stream: Int16Array, at: number): { readonly id: number; readonly position: number } | undefined {
  const group = [...stream.subarray(at, at + GROUP)];
  const place = group.findIndex((sample) => sample > 0);
  const low = group.find((sample) => sample < 0 && sample >= -HALF_ID);
  const high = group.find((sample) => sample < -HALF_ID);
  if (low === undefined || high === undefined || place < 0) return undefined;
  const id = -1 - low + (-1 - HALF_ID - high) * HALF_ID;
  const position = ((group[place] ?? 0) - 1) * 2 - place;
  const fits = position >= 0 && group.every((sample, offset) => sample === numberedSample(id, position + offset));
  return fits ? { id, position } : undefined;
}

function joined(first: Int16Array, second: Int16Array): Int16Array {
  const whole = new Int16Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
