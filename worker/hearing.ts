import type { AudioFormat } from '../shared/protocol/audio-format.ts';
import { IngressAudio } from './audio/ingress-audio.ts';
import { SampleRing } from './audio/sample-ring.ts';
import { EngineError, INTERNAL_RATE_HZ, type FinalTranscript, type RecognitionBias, type Recognizer, type RecognizerStream, type VoiceActivity, type VoiceActivityStream } from './speech/ports.ts';
import { FrameMarks, type FrameMark } from './turn/frame-marks.ts';
import type { FrameStamps } from './turn/latency.ts';
import { SpeechGate, type SpeechFact } from './turn/speech-gate.ts';

/** Audio before the beginning of speech that the recognizer is given too: onsets are soft. */
const PREROLL_MS = 300;
/** Audio kept to go back to; speech is certain well before this much has passed. */
const KEPT_MS = 3000;
const KEPT_SAMPLES = (KEPT_MS * INTERNAL_RATE_HZ) / 1000;
/** Frames whose moments are remembered: some ten seconds of 20 ms ones. */
const KEPT_MARKS = 512;
/** Audio that ended is never judged to its last sample. Too short to be speech by itself, so much goes with the turn before it. */
const UNJUDGED_MS = 96;
/** Two restarts of voice activity lie at least so much audio apart, in samples: a second. */
const RESTART_APART = INTERNAL_RATE_HZ;
/** Silence stays uncommitted this long, because it may turn out to be the beginning of speech. */
const UNCERTAIN_MS = 600;

export interface HearingOptions {
  readonly format: AudioFormat;
  readonly bias: RecognitionBias;
  /** Both reject where the engine could not be made. */
  readonly voiceActivity: () => Promise<VoiceActivity>;
  readonly recognizer: () => Promise<Recognizer>;
  readonly listener: HearingListener;
}

export interface HearingListener {
  /** Speech began, ended, or has been over for a while; `decidedAt` is the frame that made it certain. */
  onFact(fact: SpeechFact, decidedAt: FrameMark | undefined): void;
  /** All audio up to this ingress seq is known to be silence. */
  onSilence(seq: number): void;
  onPartial(turn: number, text: string): void;
  onVoiceActivityFailure(error: unknown): void;
}

/** One caller's ear: audio in, facts about speech out, and transcripts of turns on request. */
export class Hearing {
  readonly #options: HearingOptions;
  readonly #audio: IngressAudio;
  readonly #voiceActivity: VoiceActivity;
  readonly #recognizer: Recognizer | undefined;
  readonly #recognizerFailure: unknown;
  readonly #ring = new SampleRing(KEPT_SAMPLES);
  readonly #marks = new FrameMarks(KEPT_MARKS);
  readonly #turns = new Map<number, RecognizerStream>();
  /** The turn that audio is given to. */
  #open: RecognizerStream | undefined;
  /** The sample at which the speech of the turn began that is not ended yet. */
  #openFrom: number | undefined;
  /** Everything before this sample that belongs to a turn was given to it: no other turn hears it again. */
  #givenEnd = 0;
  /** What a recognizer threw while nobody could be told. */
  #crash: { readonly error: unknown } | undefined;
  #stream: VoiceActivityStream | undefined;
  #gate = new SpeechGate();
  /** The sample at which the voice activity stream began. */
  #streamBase = 0;
  /** Where there is no stream: the sample from which another may begin. */
  #restartAt = 0;
  /** Everything before this sample was judged. */
  #judgedEnd = 0;
  #lastSpeechEnd = 0;
  #isQuiet = true;

  /** Use `Hearing.open`. */
  constructor(options: HearingOptions, audio: IngressAudio, voiceActivity: VoiceActivity, recognizer: PromiseSettledResult<Recognizer>) {
    this.#options = options;
    this.#audio = audio;
    this.#voiceActivity = voiceActivity;
    this.#recognizer = recognizer.status === 'fulfilled' ? recognizer.value : undefined;
    this.#recognizerFailure = recognizer.status === 'rejected' ? recognizer.reason : undefined;
  }

  /**
   * Makes the engines ready. Rejects where there is no voice activity to be had, without which there are no turns; a
   * recognizer that cannot be made is reported by the turns it would have served.
   */
  static async open(options: HearingOptions): Promise<Hearing> {
    const [voiceActivity, recognizer] = await Promise.all([options.voiceActivity(), settled(options.recognizer())]);
    if (recognizer.status === 'fulfilled') recognizer.value.warm(options.bias);
    const hearing = new Hearing(options, await IngressAudio.create(options.format), voiceActivity, recognizer);
    hearing.#startVoiceActivity();
    return hearing;
  }

  /** The moment the last speech ended at the gateway, and undefined where its frame is unknown. */
  get speechEndStamps(): FrameStamps | undefined {
    return this.#marks.bringing(this.#lastSpeechEnd)?.stamps;
  }

  /** How much audio was taken in that is not judged yet, in milliseconds; 0 while nothing judges. */
  get lagMs(): number {
    return this.#stream === undefined ? 0 : msOf(this.#ring.end - Math.max(this.#judgedEnd, this.#streamBase));
  }

  /** How long the turn is so far that is not ended yet, in milliseconds of audio; Infinity where none is known here. */
  get openTurnMs(): number {
    return this.#openFrom === undefined ? Infinity : msOf(this.#ring.end - this.#openFrom);
  }

  /** The newest frame taken in. */
  get newestFrame(): FrameMark | undefined {
    return this.#marks.bringing(Number.MAX_SAFE_INTEGER);
  }

  /** Takes in one frame of the caller's audio. Throws VoxError `bad_audio_length` where it holds half a sample. */
  take(seq: number, payload: Uint8Array, stamps: FrameStamps): void {
    const samples = this.#audio.process(payload);
    if (this.#crash !== undefined) throw this.#crash.error;
    if (this.#stream === undefined && this.#ring.end >= this.#restartAt) this.#startVoiceActivity();
    if (samples.length <= KEPT_SAMPLES) this.#keep(samples);
    else for (let at = 0; at < samples.length; at += KEPT_SAMPLES) this.#keep(samples.subarray(at, at + KEPT_SAMPLES));
    this.#marks.push(seq, this.#ring.end, stamps);
    this.#stream?.push(samples);
    this.#give(this.#certainEnd);
  }

  /** Begins to transcribe a turn whose speech began at `fromMs`. */
  startTurn(turn: number, fromMs: number): void {
    this.#openFrom = samplesOf(fromMs);
    if (this.#recognizer === undefined) return;
    const stream = this.#recognizer.open(this.#options.bias, {
      onPartial: (text) => this.#options.listener.onPartial(turn, text),
    });
    this.#turns.set(turn, stream);
    this.#open = stream;
    this.#givenEnd = Math.max(this.#givenEnd, samplesOf(fromMs - PREROLL_MS));
    this.#give(this.#certainEnd);
  }

  pauseTurn(turn: number): void {
    this.#expectSpeech();
    this.#turns.get(turn)?.pause();
  }

  resumeTurn(turn: number): void {
    this.#turns.get(turn)?.resume();
  }

  /**
   * The turn's audio is complete: what follows is not part of it. The answer is the ingress seq up to which there is nothing
   * for later turns. A turn that silence ends goes as far as was judged. One that the clock ends gets the rest of what came,
   * or, where that may hold speech of the next turn, the rest of the frame: what is stored is counted in frames.
   */
  endTurn(turn: number, decidedBy: 'silence' | 'clock'): number {
    const end = decidedBy === 'silence' ? this.#certainEnd : this.#stoppedEnd();
    if (this.#turns.get(turn) === this.#open) {
      this.#tryToGive(end);
      this.#open = undefined;
    }
    this.#openFrom = undefined;
    this.#expectSpeech();
    return this.#marks.seqBefore(Math.max(this.#givenEnd, end)) ?? 0;
  }

  /** What the ended turn was understood as; to be asked once. Rejects with what the recognizer failed of. */
  async transcribe(turn: number): Promise<FinalTranscript> {
    const ended = this.#turns.get(turn);
    this.#turns.delete(turn);
    if (ended !== undefined) return ended.finish();
    throw new EngineError('there is no recognizer for this turn', false, { cause: this.#recognizerFailure });
  }

  /** Frees everything; nothing is called back any more. */
  close(): void {
    this.#stream?.close();
    this.#stream = undefined;
    for (const stream of this.#turns.values()) stream.abort();
    this.#turns.clear();
    this.#open = undefined;
    this.#audio.free();
  }

  /** A turn was paused or cut in the middle of speech, because audio stalled or it was too long: what is spoken on begins anew. */
  #expectSpeech(): void {
    if (this.#isQuiet) return;
    this.#isQuiet = true;
    this.#lastSpeechEnd = this.#certainEnd;
    this.#gate.restart();
  }

  /** Up to here it is known what is speech: where nothing judges, everything may be. */
  get #certainEnd(): number {
    return this.#stream === undefined ? this.#ring.end : this.#streamBase + this.#gate.certainEnd;
  }

  /** Keeps samples, as many as can be kept; what they push out is the open turn's though it was not judged. */
  #keep(samples: Int16Array): void {
    this.#give(this.#ring.end + samples.length - KEPT_SAMPLES);
    this.#ring.push(samples);
  }

  /** Gives the open turn what comes before sample `to` and was given to none. Throws what the recognizer does. */
  #give(to: number): void {
    if (this.#open === undefined || to <= this.#givenEnd) return;
    const samples = this.#ring.since(this.#givenEnd, to);
    this.#givenEnd = to;
    if (samples.length > 0) this.#open.push(samples);
  }

  /** Where a turn ends whose audio stopped. */
  #stoppedEnd(): number {
    const end = this.#certainEnd;
    const isShort = this.#ring.end - end < samplesOf(UNJUDGED_MS);
    return isShort ? this.#ring.end : (this.#marks.bringing(end)?.endSample ?? end);
  }

  /** Where nobody would take what the recognizer throws, the giver of the next frame does. */
  #tryToGive(to: number): void {
    if (this.#crash !== undefined) return;
    try {
      this.#give(to);
    } catch (error) {
      this.#crash = { error };
    }
  }

  #startVoiceActivity(): void {
    this.#gate = new SpeechGate();
    // In a turn that is paused, silence counts.
    if (this.#ring.end > 0) this.#gate.restart();
    this.#streamBase = this.#ring.end;
    this.#isQuiet = true;
    const stream: VoiceActivityStream = this.#voiceActivity.open({
      onWindow: (probability, endSample) => {
        if (this.#stream === stream) this.#onWindow(probability, endSample);
      },
      onFailure: (error) => {
        if (this.#stream === stream) this.#restartVoiceActivity(error);
      },
    });
    this.#stream = stream;
  }

  /** Speech that was under way is over as far as anyone can tell. An engine that fails again and again is given a rest. */
  #restartVoiceActivity(error: EngineError): void {
    this.#options.listener.onVoiceActivityFailure(error);
    this.#stream = undefined;
    this.#tryToGive(this.#certainEnd);
    if (!this.#isQuiet) this.#options.listener.onFact({ type: 'speech_ended', atMs: msOf(this.#ring.end) }, this.newestFrame);
    const isFirstInAWhile = this.#ring.end - this.#streamBase >= RESTART_APART;
    if (isFirstInAWhile) this.#startVoiceActivity();
    else this.#restartAt = this.#ring.end + RESTART_APART;
  }

  #onWindow(probability: number, endSample: number): void {
    const end = this.#streamBase + endSample;
    this.#judgedEnd = end;
    const facts = this.#gate.onWindow(probability, endSample);
    this.#tryToGive(this.#certainEnd);
    for (const fact of facts) this.#onFact(fact, end);
    if (this.#isQuiet) this.#commitSilence(end);
  }

  #onFact(fact: SpeechFact, end: number): void {
    const baseMs = msOf(this.#streamBase);
    if (fact.type === 'speech_started') this.#isQuiet = false;
    if (fact.type === 'speech_ended') {
      this.#isQuiet = true;
      this.#lastSpeechEnd = samplesOf(baseMs + fact.atMs);
    }
    const shifted: SpeechFact = fact.type === 'silence' ? fact : { ...fact, atMs: baseMs + fact.atMs };
    this.#options.listener.onFact(shifted, this.#marks.bringing(end));
  }

  #commitSilence(end: number): void {
    const seq = this.#marks.seqBefore(end - samplesOf(UNCERTAIN_MS));
    if (seq !== undefined) this.#options.listener.onSilence(seq);
  }
}

function samplesOf(ms: number): number {
  return Math.round((ms * INTERNAL_RATE_HZ) / 1000);
}

function msOf(samples: number): number {
  return (samples * 1000) / INTERNAL_RATE_HZ;
}

async function settled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [result] = await Promise.allSettled([promise]);
  return result;
}
