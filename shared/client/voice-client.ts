import { DEFAULT_AUDIO_FORMAT, type AudioFormat } from '../protocol/audio-format.ts';
import type { AgentMessage, WireFormat } from '../protocol/native-message.ts';
import { withDefaults, type CompleteClientOptions, type VoiceClientOptions, type VoiceClientState } from './client-options.ts';
import type { AgentAudio, AgentSpeechless, Connection } from './connection.ts';
import { EgressOrder } from './egress-order.ts';
import { Outbox, type SendOutcome } from './outbox.ts';
import { Reconnector, type Reached } from './reconnector.ts';

export type { AgentNotice, ResumeReport, VoiceClientListener, VoiceClientOptions, VoiceClientState } from './client-options.ts';
export type { ClientClock } from './client-clock.ts';
export type { AgentAudio } from './connection.ts';
export type { LostAudio } from './kept-messages.ts';
export type { SendOutcome } from './outbox.ts';
export type { VoiceSocket, VoiceSocketConstructor } from './voice-socket.ts';

type Ready = Extract<AgentMessage, { type: 'ready' }>;

const NORMAL_CLOSE = 1000;
/** How often the agent's side hears how far everything came, at most. */
const ACKNOWLEDGE_EVERY_MS = 500;

/**
 * A call over the native wire, `/ws/<session_id>`, that outlives its connections and gateways, for browsers and Node alike. What
 * is said is kept until it is safe and said again where it must be; what the agent says comes once and in order.
 */
export class VoiceClient {
  readonly #options: CompleteClientOptions;
  readonly #outbox: Outbox;
  readonly #order = new EgressOrder();
  readonly #reconnector: Reconnector;
  #state: VoiceClientState = { name: 'connecting' };
  #isHangingUp = false;
  #droppedFrames = 0;
  #cancelAcknowledgement: (() => void) | undefined;

  /** Begins to connect. Throws what URL and the socket's constructor throw: an address that is none. */
  constructor(options: VoiceClientOptions) {
    this.#options = withDefaults(options);
    const { clock, keepAudioMs, keepBytes, maxBufferedBytes, listener } = this.#options;
    this.#outbox = new Outbox({
      limits: { maxAudioMs: keepAudioMs, maxBytes: keepBytes }, maxBufferedBytes, clock,
      onLost: (lost) => {
        this.#droppedFrames += lost.frames;
        listener.onDropped?.(lost);
      },
    });
    this.#reconnector = new Reconnector(this.#options, {
      lastSeq: () => this.#order.last,
      onOpen: () => this.#enter({ name: 'open' }),
      onReady: (connection, ready, reached) => this.#ready(connection, ready, reached),
      onAway: (attempt, sinceMs) => this.#enter({ name: 'reconnecting', attempt, sinceMs }),
      onMessage: (message) => this.#receive(message),
      onAudio: (audio) => this.#hear(audio),
      onUnknown: (message) => listener.onUnknown?.(message),
      onOver: (over) => this.#end(over),
    });
    this.#reconnector.start();
  }

  get state(): VoiceClientState {
    return this.#state;
  }

  /** Audio frames that were given up and never reached the agent's side. */
  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  /**
   * Sends audio in the session's input format as one message; before `ready` and while reconnecting it is kept and sent then.
   * The bytes are copied. `dropped`: the call is over, or this alone is more than is kept.
   */
  sendAudio(bytes: Uint8Array): SendOutcome {
    return this.#isOver ? 'dropped' : this.#outbox.addAudio(bytes);
  }

  /** Sends what the caller typed; like audio it is kept where there is no connection. It is answered once. */
  sendText(content: string): SendOutcome {
    return this.#isOver ? 'dropped' : this.#outbox.addText(content);
  }

  /** Asks the agent to stop. */
  cancel(): SendOutcome {
    return this.#isOver ? 'dropped' : this.#outbox.cancel();
  }

  /** Tells that everything up to the agent message numbered `seq` was played. */
  played(seq: number): SendOutcome {
    return this.#isOver ? 'dropped' : this.#outbox.played(seq);
  }

  /** Asks for a `pong`; answers whether there is a connection to ask. */
  ping(): boolean {
    return !this.#isOver && this.#reconnector.current?.tell({ type: 'ping' }) === true;
  }

  /** To be called when the network may be another one (a browser's `online` event): tries at once what would be tried later. */
  reconnectNow(): void {
    this.#reconnector.hurry();
  }

  /** Hangs up; `closed` follows once the other side has agreed, or a second later. Nothing else is told from now on. */
  close(code = NORMAL_CLOSE, reason = 'Caller hung up'): void {
    if (this.#isOver) return;
    this.#isHangingUp = true;
    this.#outbox.stop();
    this.#reconnector.hangUp({ name: 'closed', code, reason });
  }

  get #isOver(): boolean {
    return this.#isHangingUp || this.#state.name === 'closed' || this.#state.name === 'lost';
  }

  #ready(connection: Connection, ready: Ready, { awayMs, attempts, isFirst }: Reached): void {
    const input = formatOf(ready.audio.input);
    const backlog = this.#outbox.begin(connection, ready.ingress, input);
    const resumed = { awayMs, attempts, resentMessages: backlog.messages, resentAudioMs: backlog.audioMs };
    const state = { name: 'ready', sessionId: ready.session_id, input, output: formatOf(ready.audio.output) } as const;
    this.#enter(isFirst ? state : { ...state, resumed });
    if (this.#isOver) return;
    // What the connection before brought since this one was asked for: the worker is not to send that again, nor to number as if it had not been.
    if (ready.seq < this.#order.last) connection.tell({ type: 'ack', seq: this.#order.last });
    this.#outbox.flush();
  }

  #receive(message: AgentSpeechless): void {
    switch (message.type) {
      case 'ack':
        return this.#outbox.commit(message.committed);
      case 'resume_token':
      case 'goaway':
        return;
      case 'ready':
      case 'pong':
        break;
      case 'error':
        if (!this.#admitError(message)) return;
        break;
      case 'text':
        if (message.re !== undefined) this.#outbox.answered(message.re);
        if (!this.#admit(message.seq)) return;
        break;
      default:
        if (!this.#admit(message.seq)) return;
    }
    if (!this.#isOver) this.#options.listener.onNotice?.(message);
  }

  #hear(audio: AgentAudio): void {
    if (this.#admit(audio.seq) && !this.#isOver) this.#options.listener.onAudio?.(audio);
  }

  /**
   * A worker's errors are numbered like everything else it says; a gateway's carry the number of the last message before them. What
   * refuses a message is known by that one; of the others those that lie behind are repetitions.
   */
  #admitError({ seq, re }: Extract<AgentSpeechless, { type: 'error' }>): boolean {
    const isRefusal = re !== undefined && this.#outbox.answered(re);
    return this.#admit(seq) || isRefusal || (re === undefined && seq === this.#order.last);
  }

  /** Whether a message is new; that it came is told to the agent's side before long. */
  #admit(seq: number): boolean {
    if (!this.#order.admit(seq)) return false;
    this.#cancelAcknowledgement ??= this.#options.clock.after(ACKNOWLEDGE_EVERY_MS, () => {
      this.#cancelAcknowledgement = undefined;
      this.#reconnector.current?.tell({ type: 'ack', seq: this.#order.last });
    });
    return true;
  }

  #end(over: VoiceClientState): void {
    this.#cancelAcknowledgement?.();
    this.#outbox.stop();
    this.#isHangingUp = false;
    this.#state = over;
    this.#options.listener.onState?.(over);
  }

  #enter(state: VoiceClientState): void {
    if (this.#isOver) return;
    this.#state = state;
    this.#options.listener.onState?.(state);
  }
}

/** The session formats as `POST /sessions` takes them: what both directions of a client speak where nothing else is said. */
export const DEFAULT_WIRE_FORMAT: WireFormat = {
  encoding: DEFAULT_AUDIO_FORMAT.encoding,
  sample_rate: DEFAULT_AUDIO_FORMAT.sampleRateHz,
};

function formatOf(format: WireFormat): AudioFormat {
  return { encoding: format.encoding, sampleRateHz: format.sample_rate };
}
