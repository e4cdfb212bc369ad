import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { pcmFromSamples, samplesFromPcm } from '../shared/audio/pcm.ts';
import { createSession, endSession, SessionRequestError, type AgentRequest } from '../shared/client/session-request.ts';
import { VoiceClient, type AgentNotice, type VoiceClientState } from '../shared/client/voice-client.ts';

/** The rate at which calls are spoken and heard: a session's default. */
export const CALL_RATE_HZ = 16_000;

const FRAME_MS = 20;
const FRAME_SAMPLES = (CALL_RATE_HZ * FRAME_MS) / 1000;
/** Quiet before the recording, so that its first syllable is not the call's first. */
const LEAD_MS = 300;
/** Nothing to be heard for so long after an answer has sounded: the agent has finished. */
const FINISHED_AFTER_MS = 700;

export interface SpokenCallOptions {
  /** `http://host:port` of a gateway. */
  readonly gatewayUrl: string;
  /** Further gateways of the fleet, where no load balancer finds them. */
  readonly otherGatewayUrls?: readonly string[];
  readonly agent: AgentRequest;
  readonly apiKey?: string;
  /** What the caller says, at CALL_RATE_HZ. */
  readonly speech: Int16Array;
  /** Hears of everything the agent tells, as it comes; `atMs` counts from `ready`. */
  readonly onNotice?: (notice: AgentNotice, atMs: number) => void;
  /** Hears what becomes of the connection. */
  readonly onState?: (state: VoiceClientState, atMs: number) => void;
}

/** How a call came to its end: the agent answered, somebody closed it first, or nothing came. */
export type CallEnding =
  | { readonly kind: 'answered' }
  | { readonly kind: 'closed'; readonly code: number; readonly reason: string }
  | { readonly kind: 'silence' };

/** A caller who plays a recording into a call in real time, as a microphone would, and silence after it until hung up. */
export class SpokenCall {
  readonly sessionId: string;
  readonly notices: AgentNotice[] = [];
  readonly #options: SpokenCallOptions;
  readonly #client: VoiceClient;
  readonly #audio: Uint8Array[] = [];
  readonly #watchers = new Set<() => void>();
  #readyAtMs = 0;
  /** When all audio that has come will have sounded. */
  #soundsUntilMs = 0;

  /** Use `SpokenCall.place`. */
  constructor(url: string, sessionId: string, token: string, options: SpokenCallOptions) {
    this.sessionId = sessionId;
    this.#options = options;
    this.#client = new VoiceClient({
      url, token, socket: WebSocket,
      urls: (options.otherGatewayUrls ?? []).map((gatewayUrl) => socketUrl(gatewayUrl, sessionId)),
      listener: {
        onState: (state) => this.#entered(state),
        onNotice: (notice) => this.#noticed(notice),
        onAudio: ({ bytes }) => this.#heard(bytes),
      },
    });
  }

  /** Creates a session and calls it. Throws SessionRequestError. */
  static async place(options: SpokenCallOptions): Promise<SpokenCall> {
    const { ws_url, session_id, token } = await createSession(options.gatewayUrl, { agent: options.agent }, options.apiKey);
    return new SpokenCall(ws_url, session_id, token, options);
  }

  /** Everything the agent said so far, as samples at CALL_RATE_HZ. */
  get heard(): Int16Array {
    return samplesFromPcm(Uint8Array.from(Buffer.concat(this.#audio)));
  }

  /** Whether the caller's recording is over. */
  get isSaid(): boolean {
    const lengthMs = LEAD_MS + (this.#options.speech.length * 1000) / CALL_RATE_HZ;
    return this.#readyAtMs > 0 && performance.now() - this.#readyAtMs >= lengthMs;
  }

  /** Final transcripts of one side, in order. */
  transcripts(role: 'caller' | 'agent'): string[] {
    return this.notices.flatMap((notice) => (notice.type === 'transcript' && notice.role === role && notice.final ? [notice.text] : []));
  }

  /** Waits until `find` finds something in what came so far. Throws where the call is closed before, saying why. */
  async until<T>(find: () => T | undefined | false): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined && found !== false) return found;
      const { state } = this.#client;
      if (state.name === 'closed' || state.name === 'lost') throw new Error(`the call was ${state.name} (${state.code}): ${state.reason}`);
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** Waits until the caller has said everything and the agent has answered and finished, or nothing came for `patienceMs`. */
  async finished(patienceMs: number): Promise<CallEnding> {
    const startedMs = performance.now();
    let quietSinceMs = startedMs;
    for (;;) {
      await sleep(FRAME_MS);
      const now = performance.now();
      const isTalking = this.#readyAtMs > 0 && !this.isSaid;
      if (isTalking || now < this.#soundsUntilMs) quietSinceMs = now;
      const hasAnswered = this.notices.some(({ type }) => type === 'turn');
      if (hasAnswered && now - quietSinceMs > FINISHED_AFTER_MS) return { kind: 'answered' };
      const { state } = this.#client;
      if (state.name === 'closed' || state.name === 'lost') return hasAnswered ? { kind: 'answered' } : { kind: 'closed', code: state.code, reason: state.reason };
      if (now - quietSinceMs > patienceMs) return { kind: 'silence' };
    }
  }

  /** Ends the call and its session. Throws SessionRequestError where no gateway of the call can be asked any more. */
  async hangUp(): Promise<void> {
    this.#client.close();
    const { gatewayUrl, otherGatewayUrls = [], apiKey } = this.#options;
    let failure: unknown;
    for (const url of [gatewayUrl, ...otherGatewayUrls]) {
      try {
        return await endSession(url, this.sessionId, apiKey);
      } catch (error) {
        // A gateway that died is no reason to let the session expire: the next one ends it as well.
        failure = error;
        if (!(error instanceof SessionRequestError) || error.fault !== 'unreachable') break;
      }
    }
    throw failure;
  }

  /** Since `ready`. */
  get #atMs(): number {
    return this.#readyAtMs === 0 ? 0 : performance.now() - this.#readyAtMs;
  }

  #entered(state: VoiceClientState): void {
    this.#options.onState?.(state, this.#atMs);
    if (state.name === 'ready' && this.#readyAtMs === 0) void this.#talk();
    this.#changed();
  }

  #noticed(notice: AgentNotice): void {
    if (notice.type === 'clear') this.#forgetUnheard();
    // Said again by every gateway that goes on with the call; the connection's own lines tell that.
    if (notice.type === 'ready' && this.notices.some(({ type }) => type === 'ready')) return;
    this.notices.push(notice);
    this.#options.onNotice?.(notice, this.#atMs);
    this.#changed();
  }

  #heard(bytes: Uint8Array): void {
    this.#audio.push(Uint8Array.from(bytes));
    const lengthMs = (bytes.length * 1000) / (2 * CALL_RATE_HZ);
    this.#soundsUntilMs = Math.max(this.#soundsUntilMs, performance.now()) + lengthMs;
  }

  /** The agent was interrupted: what has not sounded yet never will. */
  #forgetUnheard(): void {
    const now = performance.now();
    let unheardBytes = 2 * Math.round((Math.max(0, this.#soundsUntilMs - now) * CALL_RATE_HZ) / 1000);
    this.#soundsUntilMs = Math.min(this.#soundsUntilMs, now);
    while (unheardBytes > 0) {
      const last = this.#audio.pop();
      if (last === undefined) return;
      if (last.length > unheardBytes) this.#audio.push(last.subarray(0, last.length - unheardBytes));
      unheardBytes -= last.length;
    }
  }

  /** By an absolute clock: a late frame is made up for by the next. Speaking goes on while the client reconnects. */
  async #talk(): Promise<void> {
    this.#readyAtMs = performance.now();
    const { speech } = this.#options;
    const from = (LEAD_MS * CALL_RATE_HZ) / 1000;
    for (let at = 0; !isOver(this.#client.state); at += FRAME_SAMPLES) {
      const frame = new Int16Array(FRAME_SAMPLES);
      frame.set(speech.subarray(Math.max(0, at - from), Math.max(0, at - from + FRAME_SAMPLES)));
      this.#client.sendAudio(pcmFromSamples(frame));
      const aheadMs = (at * 1000) / CALL_RATE_HZ - (performance.now() - this.#readyAtMs);
      if (aheadMs > 0) await sleep(aheadMs);
    }
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}

function isOver({ name }: VoiceClientState): boolean {
  return name === 'closed' || name === 'lost';
}

/** Where this gateway takes a session's call. */
function socketUrl(gatewayUrl: string, sessionId: string): string {
  const url = new URL(`/ws/${encodeURIComponent(sessionId)}`, gatewayUrl);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
}
