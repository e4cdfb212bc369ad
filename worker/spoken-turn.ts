import { audioBytes, audioMs, type AudioFormat } from '../shared/protocol/audio-format.ts';
import type { Delivered } from '../shared/protocol/claim.ts';
import { isSameTurn } from '../shared/protocol/envelope.ts';
import { nowMs } from '../shared/runtime/clock.ts';
import { pause } from '../shared/runtime/pause.ts';
import { EgressAudio } from './audio/egress-audio.ts';
import { takeWithin } from './engine-deadline.ts';
import type { Synthesizer } from './speech/ports.ts';
import { heardText, type SpokenSentence } from './turn/heard.ts';
import { PlayoutClock } from './turn/playout-clock.ts';
import { SentMarks } from './turn/sent-marks.ts';
import { REPLY_START, type ReplyPlace } from './turn/reply-continuation.ts';

/** Unit of audio on the wire: every sentence is padded with silence to a whole number of them. */
const FRAME_MS = 20;
/** Frames that are ready together leave as one message of at most this many. */
const FRAMES_PER_MESSAGE = 5;
/** A device that plays bridges less than this; a longer pause within a turn is heard. */
const UNDERRUN_MS = 40;
/** How long a sentence is taken to be, by letter, while it is still being synthesized. */
const LETTER_MS = 60;

export interface SpeakerOptions {
  /** Rejects where the engine could not be made. */
  readonly synthesizer: () => Promise<Synthesizer>;
  readonly voice: string | undefined;
  readonly language: string;
  readonly format: AudioFormat;
  readonly leadMs: number;
  readonly engineDeadlineMs: number;
  /** Waited for before the first audio of a sentence leaves: what the caller has heard a next owner has to know of. */
  readonly beforeSentence: () => Promise<void>;
  /** Sends audio to the caller; answers with its egress seq. */
  readonly send: (payload: Uint8Array, mediaMs: number, isFirstOfTurn: boolean, turn: number) => number;
  readonly listener: SpeakerListener;
}

/** A sentence of a turn and where in the turn's audio it begins. */
export interface StartedSentence {
  readonly turn: number;
  /** Counts the turn's sentences from 0. */
  readonly index: number;
  readonly text: string;
  readonly startMs: number;
}

export interface SpeakerListener {
  /** A sentence is about to be heard, from its beginning. */
  onSentence(sentence: StartedSentence): void;
  /** The first audio of a turn was sent. */
  onFirstAudio(turn: number): void;
  /** Everything of a finished turn was played, by reckoning. */
  onPlayedOut(turn: number): void;
  /** A sentence could not be spoken; the next one is tried. */
  onFailure(turn: number, error: unknown): void;
  /** Everything sent had been played before the turn went on: the agent broke off, for want of words or of sound. */
  onUnderrun?(turn: number): void;
}

/** The sentence being spoken; `told`: whether the caller was told of it. */
interface CurrentSentence {
  readonly text: string;
  readonly startMs: number;
  told: boolean;
}

/** One agent turn from its first sentence, or from where an earlier owner left it, until it is played or stopped. */
export class SpokenTurn {
  readonly turn: number;
  readonly #options: SpeakerOptions;
  readonly #fromMs: number;
  readonly #messageBytes: number;
  readonly #clock: PlayoutClock;
  /** Ends what is waited for. */
  readonly #stopped = new AbortController();
  /** The same as its signal says, which is dearer to ask than a frame should pay. */
  #isSilenced = false;
  readonly #waiting: string[];
  readonly #spoken: SpokenSentence[];
  readonly #sent = new SentMarks();
  #current: CurrentSentence | undefined;
  /** So much of the audio to come is with the caller already. */
  #skipMs: number;
  #isComplete = false;
  #isHeld: boolean;
  /** Nothing was sent since nobody could hear: what pauses then is no want of sound. */
  #wasHeld = false;
  #isPlayedOut = false;
  #wake: () => void = () => undefined;

  constructor(turn: number, options: SpeakerOptions, isHeld: boolean, { spoken, waiting, fromMs, skipMs }: ReplyPlace = REPLY_START) {
    this.turn = turn;
    this.#options = options;
    this.#isHeld = isHeld;
    this.#fromMs = fromMs;
    this.#messageBytes = FRAMES_PER_MESSAGE * audioBytes(options.format, FRAME_MS);
    this.#clock = new PlayoutClock(fromMs);
    this.#spoken = [...spoken];
    this.#waiting = [...waiting];
    this.#skipMs = skipMs;
    void this.#run().catch((error: unknown) => {
      options.listener.onFailure(turn, error);
      options.listener.onPlayedOut(turn);
    });
  }

  /** One more sentence of it. */
  say(text: string): void {
    this.#waiting.push(text);
    this.#wake();
  }

  /** No more sentences will come. */
  finish(): void {
    this.#isComplete = true;
    this.#wake();
  }

  /** The caller's device played everything up to this egress seq. */
  played(egressSeq: number): void {
    const endMs = this.#sent.played(egressSeq);
    if (endMs !== undefined) this.#clock.told(endMs);
  }

  /** See `Speaker.hold`. */
  hold(): void {
    this.#isHeld = true;
    this.#wasHeld = true;
  }

  /** See `Speaker.goOn`. */
  goOn(delivered: Delivered | undefined): void {
    if (delivered !== undefined && isSameTurn(this.turn, delivered.turn)) this.#clock.delivered(delivered.mediaMs, nowMs());
    this.#isHeld = false;
    this.#wake();
  }

  /** Falls silent at once; answers what the caller heard of it. */
  stop(): string {
    this.#isSilenced = true;
    this.#stopped.abort();
    this.#wake();
    const current = this.#current;
    const open = current === undefined ? [] : [{ ...current, endMs: Math.max(this.#clock.sentMs, current.startMs + current.text.length * LETTER_MS) }];
    return heardText([...this.#spoken, ...open], this.#isPlayedOut ? Number.POSITIVE_INFINITY : this.#clock.heardMs(nowMs()));
  }

  async #run(): Promise<void> {
    const audio = await EgressAudio.create(this.#options.format, FRAME_MS);
    try {
      for (let text = await this.#next(); text !== undefined; text = await this.#next()) await this.#speak(audio, text);
    } finally {
      audio.free();
    }
    await this.#playedOut();
    if (this.#isStopped()) return;
    // A timer may fire a little early, a device's word of its playing comes late: neither unsays the last words.
    this.#isPlayedOut = true;
    this.#options.listener.onPlayedOut(this.turn);
  }

  /** Waits until all is played; what was on its way when the caller was lost is heard after they are back. */
  async #playedOut(): Promise<void> {
    do {
      await this.#pause(this.#remainingMs());
      if (!this.#isHeld) return;
      await this.#heard();
    } while (!this.#isStopped());
  }

  /** Waits while nobody can hear. */
  async #heard(): Promise<void> {
    while (this.#isHeld && !this.#isStopped()) await this.#woken();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Milliseconds until all is played. What an earlier owner sent last may still be playing: nothing tells how much of it. */
  #remainingMs(): number {
    const isAllTheirs = this.#fromMs > 0 && this.#clock.sentMs === this.#fromMs;
    return isAllTheirs ? Math.min(this.#options.leadMs, this.#fromMs) : this.#clock.remainingMs(nowMs());
  }

  async #next(): Promise<string | undefined> {
    while (this.#waiting.length === 0 && !this.#isComplete && !this.#isStopped()) await this.#woken();
    return this.#isStopped() ? undefined : this.#waiting.shift();
  }

  async #speak(audio: EgressAudio, text: string): Promise<void> {
    const startMs = this.#clock.sentMs - this.#skipMs;
    const current: CurrentSentence = { text, startMs, told: this.#skipMs > 0 };
    this.#current = current;
    try {
      await this.#synthesize(audio, text);
    } catch (error) {
      this.#tell(current);
      this.#options.listener.onFailure(this.turn, error);
    }
    if (this.#isStopped()) return;
    await this.#send(audio.finish());
    if (this.#isStopped()) return;
    this.#tell(current);
    this.#spoken.push({ text, startMs, endMs: this.#clock.sentMs - this.#skipMs });
    this.#current = undefined;
  }

  /** Whoever owned the turn when a sentence began has told of it. */
  #tell(current: CurrentSentence): void {
    if (current.told || this.#isStopped()) return;
    current.told = true;
    const { text, startMs } = current;
    this.#options.listener.onSentence({ turn: this.turn, index: this.#spoken.length, text, startMs });
  }

  async #synthesize(audio: EgressAudio, text: string): Promise<void> {
    const { synthesizer, voice, language, engineDeadlineMs } = this.#options;
    const { signal } = this.#stopped;
    const engine = await synthesizer();
    const speech = engine.synthesize({ text, voice, language }, signal);
    await takeWithin(speech, signal, engineDeadlineMs, 'the synthesizer', (chunk) => (this.#isStopped() ? undefined : this.#send(audio.process(chunk))));
  }

  /** Sends these frames; where some of them have to wait, a promise for when they are sent, or the turn is stopped. */
  #send(made: Uint8Array): Promise<void> | undefined {
    const frames = this.#skip(made);
    for (let at = 0; at < frames.length; at += this.#messageBytes) {
      const now = nowMs();
      if (this.#mustWait(now)) return this.#sendInTime(frames.subarray(at));
      this.#sendNow(frames.length <= this.#messageBytes ? frames : frames.subarray(at, at + this.#messageBytes), now);
    }
    return undefined;
  }

  #mustWait(nowMs: number): boolean {
    return this.#isHeld || this.#current?.told === false || this.#clock.remainingMs(nowMs) > this.#options.leadMs || this.#isStopped();
  }

  async #sendInTime(frames: Uint8Array): Promise<void> {
    for (let at = 0; at < frames.length; at += this.#messageBytes) {
      await this.#pause(this.#clock.remainingMs(nowMs()) - this.#options.leadMs);
      if (this.#isHeld) await this.#heard();
      if (this.#current?.told === false) await this.#options.beforeSentence();
      if (this.#isStopped()) return;
      if (this.#current !== undefined) this.#tell(this.#current);
      this.#sendNow(frames.subarray(at, at + this.#messageBytes), nowMs());
    }
  }

  /** What of these frames is not with the caller yet. */
  #skip(frames: Uint8Array): Uint8Array {
    if (this.#skipMs === 0) return frames;
    const { format } = this.#options;
    const skippedMs = Math.min(this.#skipMs, audioMs(format, frames.length));
    this.#skipMs -= skippedMs;
    return frames.subarray(audioBytes(format, skippedMs));
  }

  #sendNow(payload: Uint8Array, nowMs: number): void {
    const mediaMs = this.#clock.sentMs;
    const seq = this.#options.send(payload, Math.round(mediaMs), mediaMs === 0, this.turn);
    const pausedMs = this.#clock.sent(audioMs(this.#options.format, payload.length), nowMs);
    if (pausedMs > UNDERRUN_MS && !this.#wasHeld) this.#options.listener.onUnderrun?.(this.turn);
    this.#wasHeld = false;
    this.#sent.push(seq, this.#clock.sentMs);
    if (mediaMs === 0) this.#options.listener.onFirstAudio(this.turn);
  }

  async #pause(durationMs: number): Promise<void> {
    if (durationMs <= 0 || this.#isStopped()) return;
    await pause(durationMs, this.#stopped.signal);
  }

  #isStopped(): boolean {
    return this.#isSilenced;
  }
}
