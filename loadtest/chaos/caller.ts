import { WebSocket } from 'ws';
import { pcmFromSamples, samplesFromPcm } from '../../shared/audio/pcm.ts';
import { createSession, endSession, SessionRequestError, type AgentRequest, type SessionTicket } from '../../shared/client/session-request.ts';
import { VoiceClient, type AgentAudio, type AgentNotice, type VoiceClientState } from '../../shared/client/voice-client.ts';
import type { CallerLine } from './balancer.ts';
import type { CallEvent, CallEventOf } from './call-log.ts';
import { NumberedReader, type SampleRange } from './numbered-samples.ts';
import { Playout } from './playout.ts';

export const CALL_RATE_HZ = 16_000;

const FRAME_MS = 20;
const FRAME_SAMPLES = (CALL_RATE_HZ * FRAME_MS) / 1000;
const SILENT_FRAME = pcmFromSamples(new Int16Array(FRAME_SAMPLES));
/** How often a device tells what it has played. */
const PLAYED_EVERY_FRAMES = 25;

export interface CallerOptions {
  readonly call: number;
  readonly line: CallerLine;
  readonly agent: AgentRequest;
  /** Whether the agent's audio is numbered. */
  readonly isNumbered: boolean;
  /** Milliseconds since the run began. */
  readonly nowMs: () => number;
}

/** What is being said. */
interface Speech {
  readonly samples: Int16Array;
  readonly fromMs: number;
  at: number;
  takenSamples: number;
  readonly done: () => void;
}

/** One caller's device: microphone, loudspeaker and the product's client, with a log of all that comes and goes. */
export class Caller {
  readonly call: number;
  readonly line: CallerLine;
  readonly events: CallEvent[] = [];
  readonly playout = new Playout();
  readonly #options: CallerOptions;
  readonly #ticket: SessionTicket;
  readonly #client: VoiceClient;
  readonly #reader = new NumberedReader();
  readonly #watchers = new Set<() => void>();
  readonly #unplayed: { readonly seq: number; readonly toMs: number }[] = [];
  #speech: Speech | undefined;
  #micFromMs: number | undefined;
  #framesSent = 0;
  #timer: NodeJS.Timeout | undefined;
  #isHangingUp = false;

  /** Use `Caller.place`. */
  constructor(options: CallerOptions, ticket: SessionTicket) {
    this.call = options.call;
    this.line = options.line;
    this.#options = options;
    this.#ticket = ticket;
    this.#client = new VoiceClient({
      url: ticket.ws_url, token: ticket.token, socket: WebSocket,
      listener: {
        onState: (state) => this.#entered(state),
        onNotice: (notice) => this.#noticed(notice),
        onAudio: (audio) => this.#heard(audio),
        onUnknown: (message) => this.#note({ kind: 'error', atMs: this.nowMs, code: `unknown message ${message}` }),
        onDropped: ({ audioMs }) => this.#note({ kind: 'error', atMs: this.nowMs, code: `client gave up ${audioMs} ms` }),
      },
    });
  }

  /** Creates a session and calls it. Throws SessionRequestError. */
  static async place(options: CallerOptions): Promise<Caller> {
    return new Caller(options, await createSession(options.line.url, { agent: options.agent }));
  }

  get sessionId(): string {
    return this.#ticket.session_id;
  }

  get nowMs(): number {
    return this.#options.nowMs();
  }

  /** Whether the call is over without the caller's doing. */
  isLost(): boolean {
    return this.events.some(({ kind }) => kind === 'lost');
  }

  /** Says this, frame by frame in real time; resolves when it is said, with when that began and how much of it the client took. */
  async say(samples: Int16Array): Promise<{ readonly fromMs: number; readonly takenSamples: number }> {
    const speech = await new Promise<Speech>((resolve) => {
      const begun: Speech = { samples, fromMs: this.nowMs, at: 0, takenSamples: 0, done: () => resolve(begun) };
      this.#speech = begun;
    });
    return { fromMs: speech.fromMs, takenSamples: speech.takenSamples };
  }

  /** Types this. */
  ask(text: string): void {
    this.#client.sendText(text);
    this.#note({ kind: 'question', atMs: this.nowMs, text });
  }

  note(event: CallEvent): void {
    this.#note(event);
  }

  /** Waits until `find` finds something, the call is lost, or `patienceMs` has passed: undefined then. */
  async until<T>(find: () => T | undefined | false, patienceMs: number): Promise<T | undefined> {
    const deadlineMs = this.nowMs + patienceMs;
    for (;;) {
      const found = find();
      if (found !== undefined && found !== false) return found;
      const leftMs = deadlineMs - this.nowMs;
      if (leftMs <= 0 || this.isLost()) return undefined;
      await this.#change(leftMs);
    }
  }

  /** Hangs up and ends the session, once; a fleet that cannot be asked any more ends it by itself. */
  async hangUp(): Promise<void> {
    if (this.#isHangingUp) return;
    this.#isHangingUp = true;
    clearTimeout(this.#timer);
    this.#note({ kind: 'hung_up', atMs: this.nowMs });
    this.#client.close();
    try {
      await endSession(this.line.url, this.sessionId);
    } catch (error) {
      // The agent's side may be gone by now: the call is over either way.
      if (!(error instanceof SessionRequestError)) throw error;
    }
  }

  #note(event: CallEvent): void {
    this.events.push(event);
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }

  async #change(withinMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#watchers.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #entered(state: VoiceClientState): void {
    const { name } = state;
    const detail = name === 'ready' && state.resumed !== undefined ? `resumed after ${Math.round(state.resumed.awayMs)} ms, ${state.resumed.attempts} attempts, ${Math.round(state.resumed.resentAudioMs)} ms again` : '';
    this.#note({ kind: 'state', atMs: this.nowMs, name, detail });
    if (name === 'ready' && this.#micFromMs === undefined && !this.#isHangingUp) this.#openMicrophone();
    if (this.#isHangingUp || (name !== 'closed' && name !== 'lost')) return;
    this.#note({ kind: 'lost', atMs: this.nowMs, reason: `${state.code} ${state.reason}` });
    this.#speech?.done();
  }

  #noticed(notice: AgentNotice): void {
    const atMs = this.nowMs;
    if (notice.type === 'transcript' && notice.role === 'caller') this.#note(notice.final ? { kind: 'transcript', atMs, turn: notice.turn, text: notice.text } : { kind: 'partial', atMs });
    if (notice.type === 'text') this.#note({ kind: 'answer', atMs, text: notice.content });
    if (notice.type === 'error') this.#note({ kind: 'error', atMs, code: notice.code });
    if (notice.type === 'clear') {
      this.playout.clear(atMs);
      this.#unplayed.length = 0;
      this.#note({ kind: 'clear', atMs });
    }
  }

  #heard({ bytes, seq }: AgentAudio): void {
    const samples = samplesFromPcm(Uint8Array.from(bytes));
    const atMs = this.nowMs;
    const { fromMs, toMs } = this.playout.take((samples.length * 1000) / CALL_RATE_HZ, atMs);
    this.#unplayed.push({ seq, toMs });
    if (!this.#options.isNumbered) return this.#note({ kind: 'voice', atMs, fromMs, toMs });
    let playedMs = fromMs;
    for (const run of this.#reader.push(samples)) {
      const length = run.kind === 'numbered' ? run.to - run.from : run.samples;
      const endMs = playedMs + (length * 1000) / CALL_RATE_HZ;
      if (run.kind === 'numbered') this.#noteAudio(atMs, playedMs, endMs, { id: run.id, from: run.from, to: run.to });
      if (run.kind === 'damaged') this.#note({ kind: 'damage', atMs, samples: run.samples });
      playedMs = endMs;
    }
  }

  /** Audio that goes on where the last ended is one event with it. */
  #noteAudio(atMs: number, fromMs: number, toMs: number, range: SampleRange): void {
    const last = this.events.at(-1);
    if (last?.kind !== 'audio' || last.range.id !== range.id || last.range.to !== range.from || fromMs - last.toMs > 1) {
      return this.#note({ kind: 'audio', atMs, fromMs, toMs, range });
    }
    const longer: CallEventOf<'audio'> = { ...last, toMs, range: { ...range, from: last.range.from } };
    this.events.pop();
    this.#note(longer);
  }

  #openMicrophone(): void {
    this.#micFromMs = this.nowMs;
    this.#timer = setTimeout(() => this.#frame(), 0);
  }

  /** By an absolute clock: a late frame is made up for by the next. */
  #frame(): void {
    const now = this.nowMs;
    while ((this.#micFromMs ?? now) + this.#framesSent * FRAME_MS <= now) this.#sendFrame(now);
    const nextMs = (this.#micFromMs ?? now) + this.#framesSent * FRAME_MS - now;
    this.#timer = setTimeout(() => this.#frame(), nextMs);
  }

  #sendFrame(now: number): void {
    this.#framesSent += 1;
    const speech = this.#speech;
    const samples = speech?.samples.subarray(speech.at, speech.at + FRAME_SAMPLES);
    const outcome = this.#client.sendAudio(samples === undefined ? SILENT_FRAME : wholeFrame(samples));
    if (speech !== undefined && samples !== undefined) {
      speech.at += samples.length;
      if (outcome !== 'dropped') speech.takenSamples += samples.length;
      if (speech.at >= speech.samples.length) {
        this.#speech = undefined;
        speech.done();
      }
    }
    if (this.#framesSent % PLAYED_EVERY_FRAMES === 0 && this.call % 2 === 0) this.#tellPlayed(now);
  }

  /** Every second caller's device tells; of the others the gateway reckons. */
  #tellPlayed(now: number): void {
    let seq: number | undefined;
    while (this.#unplayed[0] !== undefined && this.#unplayed[0].toMs <= now) seq = this.#unplayed.shift()?.seq;
    if (seq !== undefined) this.#client.played(seq);
  }
}

function wholeFrame(samples: Int16Array): Uint8Array {
  if (samples.length === FRAME_SAMPLES) return pcmFromSamples(samples);
  const frame = new Int16Array(FRAME_SAMPLES);
  frame.set(samples);
  return pcmFromSamples(frame);
}
