import type { AgentMessage } from '../../shared/protocol/native-message.ts';
import type { Random } from '../chaos/random.ts';
import { FRAME_BYTES, FRAME_MS } from './echo-frame.ts';
import type { Meter } from './meter.ts';
import type { Utterance } from './speech.ts';
import { WireCaller } from './wire-caller.ts';
import type { CallerLine } from './workload.ts';

/** A grid of frames on which speech begins and ends: eight frames are five of the 32 ms windows that engines judge by, so that the last sample of speech is the last of a window. */
const GRID_FRAMES = 8;
const PART_INTERRUPTING = 0.15;
const PART_PAUSING = 0.3;
/** Within an utterance; shorter than what ends a turn. */
const PAUSE_FRAMES = 16;
const LONGEST_BETWEEN_FRAMES = 125;
const SHORTEST_BETWEEN_FRAMES = 20;
/** The agent has finished when what it said has sounded and nothing more came for so long. */
const FINISHED_AFTER_MS = 300;
const ANSWER_WITHIN_MS = 15_000;
const BYTES_PER_MS = 32;

/** Where a caller stands in the conversation. Frames are numbers of its own. */
type TalkState =
  | { readonly kind: 'quiet'; readonly untilFrame: number }
  | { readonly kind: 'speaking'; readonly utterance: Utterance; readonly pauseAt: number; at: number; pausedFrames: number; interruptedMs: number | undefined }
  | { readonly kind: 'waiting'; readonly saidMs: number; answeredMs: number | undefined }
  | { readonly kind: 'listening'; readonly interruptAtFrame: number };

export interface TalkCallerOptions {
  readonly meter: Meter;
  readonly random: Random;
  /** Draws what to say next. */
  readonly utterance: (random: Random) => Utterance;
  /** What a transcript of this utterance has to be. */
  readonly isRight: (utterance: Utterance, text: string) => boolean;
  /** Whether the last sample of an utterance is speech, so that time from it can be measured here. */
  readonly endsInSpeech: boolean;
}

/** One caller who speaks, pauses, listens and now and then interrupts; driven frame by frame. */
export class TalkCaller {
  readonly #options: TalkCallerOptions;
  #state: TalkState;
  #caller: WireCaller | undefined;
  #ready: () => void = () => undefined;
  #framesSent = 0;
  #soundsUntilMs = 0;
  #said: Utterance | undefined;
  #isStopping = false;

  constructor(options: TalkCallerOptions) {
    this.#options = options;
    this.#state = { kind: 'quiet', untilFrame: Math.floor(options.random() * LONGEST_BETWEEN_FRAMES) };
  }

  get isSilent(): boolean {
    return this.#state.kind === 'quiet';
  }

  /** Begins no further turn. */
  finish(): void {
    this.#isStopping = true;
  }

  async open(line: CallerLine, agent: { readonly instructions: string; readonly hints: readonly string[]; readonly engines: Readonly<Record<string, string>> }): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      this.#ready = resolve;
    });
    const { meter } = this.#options;
    this.#caller = await WireCaller.call({
      ...line, session: { agent },
      listener: {
        onAudio: (message, at) => this.#heard(message.length - at),
        onNotice: (notice) => this.#notice(notice),
        onClose: (code, reason) => meter.fault(`closed ${code}`, `a call was closed with ${code} "${reason}"`),
      },
    });
    await ready;
  }

  async hangUp(): Promise<void> {
    const missed = this.#caller?.missedMessages ?? 0;
    if (missed > 0) this.#options.meter.count('agent messages missed', missed);
    await this.#caller?.hangUp();
  }

  /** The next 20 ms, which were over at `dueMs`. */
  frame(dueMs: number): void {
    const speech = this.#next(dueMs);
    const isSent = this.#caller?.sendAudio(FRAME_BYTES, (frame, at) => {
      if (speech === undefined) frame.fill(0, at, at + FRAME_BYTES);
      else speech.utterance.frames.copy(frame, at, speech.at * FRAME_BYTES, (speech.at + 1) * FRAME_BYTES);
    });
    this.#options.meter.count(isSent === true ? 'frames sent' : 'frames not sent');
    this.#framesSent += 1;
  }

  /** What is said in this frame; undefined is silence. */
  #next(dueMs: number): { readonly utterance: Utterance; readonly at: number } | undefined {
    const state = this.#state;
    switch (state.kind) {
      case 'quiet':
        return !this.#isStopping && this.#framesSent >= state.untilFrame && this.#isOnGrid ? this.#begin(undefined, dueMs) : undefined;
      case 'speaking':
        return this.#speak(state, dueMs);
      case 'waiting':
        if (performance.now() - state.saidMs > ANSWER_WITHIN_MS) this.#unanswered();
        return undefined;
      case 'listening':
        return this.#listen(state, dueMs);
    }
  }

  get #isOnGrid(): boolean {
    return this.#framesSent % GRID_FRAMES === 0;
  }

  #begin(interruptedMs: number | undefined, dueMs: number): { readonly utterance: Utterance; readonly at: number } | undefined {
    const { random, utterance: draw, endsInSpeech } = this.#options;
    const utterance = draw(random);
    const hasPause = endsInSpeech && utterance.lengthFrames >= 12 * GRID_FRAMES && random() < PART_PAUSING;
    const pauseAt = hasPause ? Math.floor(utterance.lengthFrames / 2 / GRID_FRAMES) * GRID_FRAMES : -1;
    const state: TalkState = { kind: 'speaking', utterance, pauseAt, at: 0, pausedFrames: 0, interruptedMs };
    this.#state = state;
    return this.#speak(state, dueMs);
  }

  #speak(state: Extract<TalkState, { kind: 'speaking' }>, dueMs: number): { readonly utterance: Utterance; readonly at: number } | undefined {
    if (state.at === state.pauseAt && state.pausedFrames < PAUSE_FRAMES) {
      state.pausedFrames += 1;
      return undefined;
    }
    const { utterance, at } = state;
    state.at += 1;
    if (state.at >= utterance.lengthFrames) {
      this.#said = utterance;
      this.#state = { kind: 'waiting', saidMs: dueMs, answeredMs: undefined };
      this.#options.meter.count('turns');
    }
    return { utterance, at };
  }

  #listen({ interruptAtFrame }: Extract<TalkState, { kind: 'listening' }>, dueMs: number): { readonly utterance: Utterance; readonly at: number } | undefined {
    const nowMs = performance.now();
    if (nowMs > this.#soundsUntilMs + FINISHED_AFTER_MS) this.#pause();
    else if (!this.#isStopping && this.#framesSent >= interruptAtFrame && this.#isOnGrid && nowMs < this.#soundsUntilMs) {
      this.#options.meter.count('interruptions');
      return this.#begin(dueMs, dueMs);
    }
    return undefined;
  }

  #pause(): void {
    const frames = SHORTEST_BETWEEN_FRAMES + Math.floor(this.#options.random() * (LONGEST_BETWEEN_FRAMES - SHORTEST_BETWEEN_FRAMES));
    this.#state = { kind: 'quiet', untilFrame: this.#framesSent + frames };
  }

  #unanswered(): void {
    this.#options.meter.fault('turns unanswered', `no answer within ${ANSWER_WITHIN_MS / 1000} s`);
    this.#pause();
  }

  #heard(bytes: number): void {
    const nowMs = performance.now();
    this.#options.meter.count('agent audio ms', bytes / BYTES_PER_MS);
    this.#soundsUntilMs = Math.max(this.#soundsUntilMs, nowMs) + bytes / BYTES_PER_MS;
    if (this.#state.kind === 'waiting') this.#state.answeredMs ??= nowMs;
  }

  #notice(notice: AgentMessage): void {
    const { meter } = this.#options;
    if (notice.type === 'ready') return this.#ready();
    if (notice.type === 'error') meter.fault(`error ${notice.code}`, `${notice.code}: ${notice.message}`);
    if (notice.type === 'clear') this.#cleared();
    if (notice.type === 'turn') this.#answered(notice);
    if (notice.type === 'transcript' && notice.role === 'caller' && notice.final) this.#understood(notice.text);
  }

  #cleared(): void {
    const nowMs = performance.now();
    this.#soundsUntilMs = Math.min(this.#soundsUntilMs, nowMs);
    if (this.#state.kind !== 'speaking' || this.#state.interruptedMs === undefined) return;
    this.#options.meter.series('interrupt').record(nowMs - this.#state.interruptedMs);
    this.#state.interruptedMs = undefined;
  }

  /** Comes right after the first audio of the answer. */
  #answered({ stages_ms: stages, mouth_to_ear_ms: mouthToEarMs }: Extract<AgentMessage, { type: 'turn' }>): void {
    const state = this.#state;
    if (state.kind !== 'waiting' || state.answeredMs === undefined) return;
    const { meter, random, endsInSpeech } = this.#options;
    const earMs = endsInSpeech ? state.answeredMs - state.saidMs : mouthToEarMs;
    const turnMs = earMs - stages.endpointing;
    meter.series('ear').record(earMs);
    meter.series('turn').record(turnMs);
    meter.series('added').record(turnMs - stages.transcript - stages.first_token - stages.first_speech);
    meter.count('turns answered');
    const willInterrupt = endsInSpeech && random() < PART_INTERRUPTING;
    const afterFrames = Math.ceil((200 + random() * 800) / FRAME_MS);
    this.#state = { kind: 'listening', interruptAtFrame: willInterrupt ? this.#framesSent + afterFrames : Number.POSITIVE_INFINITY };
  }

  #understood(text: string): void {
    const said = this.#said;
    this.#said = undefined;
    if (said === undefined) return;
    const { meter, isRight } = this.#options;
    if (isRight(said, text)) meter.count('transcripts right');
    else meter.fault('transcripts wrong', `said ${said.words ?? `${said.lengthFrames * FRAME_MS} ms`}, understood "${text}"`);
  }
}
