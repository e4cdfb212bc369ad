export interface PlayoutLimits {
  /** Samples held at most; what comes beyond is dropped and counted. */
  readonly capacitySamples: number;
  /** Samples gathered before a reply starts to sound, so that uneven arrival is not heard. */
  readonly startSamples: number;
  /** The start buffer grows by half with each underrun, up to this. */
  readonly maxStartSamples: number;
  /** Samples over which sound that is cut off fades, so that it does not click. */
  readonly fadeSamples: number;
}

/** What playout has come to. */
export interface PlayoutReport {
  /** The last agent message that was played to its end; undefined before the first. */
  readonly playedSeq: number | undefined;
  readonly sounding: boolean;
  readonly bufferedSamples: number;
  /** Times a reply fell silent because its next audio was late. */
  readonly underruns: number;
  readonly droppedSamples: number;
}

/** Marks kept of messages not yet played; beyond it neighbours are told as one. */
const MAX_MARKS = 4096;
const FULL_SCALE = 32768;

/**
 * Agent audio between the network and the loudspeaker: holds back a little before a reply starts, then plays sample after
 * sample without gap or change, and tells how far it came. Mono; the sample rate is the user's matter.
 */
export class PlayoutRing {
  readonly #limits: PlayoutLimits;
  readonly #ring: Int16Array;
  readonly #marks: { seq: number; endsAt: number }[] = [];
  #phase: 'silent' | 'gathering' | 'sounding' = 'silent';
  #readAt = 0;
  #length = 0;
  /** Samples ever taken out: the clock that marks are set by. */
  #taken = 0;
  #gatheredFor = 0;
  #startSamples: number;
  #lastSample = 0;
  #fadeLeft = 0;
  #playedSeq: number | undefined;
  #underruns = 0;
  #dropped = 0;

  constructor(limits: PlayoutLimits) {
    this.#limits = limits;
    this.#ring = new Int16Array(limits.capacitySamples);
    this.#startSamples = limits.startSamples;
  }

  get report(): PlayoutReport {
    return {
      playedSeq: this.#playedSeq,
      sounding: this.#phase === 'sounding',
      bufferedSamples: this.#length,
      underruns: this.#underruns,
      droppedSamples: this.#dropped,
    };
  }

  /** Takes one message's samples. `continues`: they belong right behind the ones pushed before. */
  push(seq: number, samples: Int16Array, continues: boolean): void {
    if (this.#phase === 'silent') this.#gather(continues);
    const room = this.#ring.length - this.#length;
    const kept = samples.length > room ? samples.subarray(0, room) : samples;
    this.#dropped += samples.length - kept.length;
    const writeAt = (this.#readAt + this.#length) % this.#ring.length;
    const beforeEnd = Math.min(kept.length, this.#ring.length - writeAt);
    this.#ring.set(kept.subarray(0, beforeEnd), writeAt);
    this.#ring.set(kept.subarray(beforeEnd), 0);
    this.#length += kept.length;
    this.#mark(seq);
  }

  /** Throws away what was not played; sound that is on fades out. */
  clear(): void {
    this.#marks.length = 0;
    this.#length = this.#phase === 'sounding' ? Math.min(this.#length, this.#limits.fadeSamples) : 0;
    for (let at = 0; at < this.#length; at += 1) {
      const place = (this.#readAt + at) % this.#ring.length;
      this.#ring[place] = Math.round((this.#ring[place] ?? 0) * (1 - (at + 1) / this.#length));
    }
    if (this.#phase === 'gathering') this.#phase = 'silent';
  }

  /** Fills `output` with the next samples between -1 and 1, silence where there are none. */
  pull(output: Float32Array): void {
    if (this.#phase === 'gathering') this.#wait(output.length);
    const count = this.#phase === 'sounding' ? Math.min(this.#length, output.length) : 0;
    for (let at = 0; at < count; at += 1) output[at] = this.#take() / FULL_SCALE;
    this.#passMarks();
    if (this.#phase === 'sounding' && count < output.length) this.#runDry();
    for (let at = count; at < output.length; at += 1) output[at] = this.#fade();
  }

  #gather(continues: boolean): void {
    if (continues && this.#taken > 0) {
      this.#underruns += 1;
      this.#startSamples = Math.min(Math.round(this.#startSamples * 1.5), this.#limits.maxStartSamples);
    }
    this.#phase = 'gathering';
    this.#gatheredFor = 0;
  }

  #mark(seq: number): void {
    const endsAt = this.#taken + this.#length;
    const last = this.#marks.at(-1);
    if (last === undefined || this.#marks.length < MAX_MARKS) this.#marks.push({ seq, endsAt });
    else Object.assign(last, { seq, endsAt });
  }

  #passMarks(): void {
    for (let first = this.#marks[0]; first !== undefined && first.endsAt <= this.#taken; first = this.#marks[0]) {
      this.#playedSeq = first.seq;
      this.#marks.shift();
    }
  }

  /** A reply shorter than the start buffer must sound as well: waiting is limited by time, too. */
  #wait(samples: number): void {
    if (this.#length >= this.#startSamples || this.#gatheredFor >= this.#startSamples) this.#phase = 'sounding';
    this.#gatheredFor += samples;
  }

  #take(): number {
    const sample = this.#ring[this.#readAt] ?? 0;
    this.#readAt = (this.#readAt + 1) % this.#ring.length;
    this.#length -= 1;
    this.#taken += 1;
    this.#lastSample = sample;
    return sample;
  }

  #runDry(): void {
    this.#phase = 'silent';
    this.#fadeLeft = this.#limits.fadeSamples;
  }

  /** From the last sample down to silence. */
  #fade(): number {
    if (this.#fadeLeft === 0) return 0;
    this.#fadeLeft -= 1;
    return Math.round((this.#lastSample * this.#fadeLeft) / this.#limits.fadeSamples) / FULL_SCALE;
  }
}
