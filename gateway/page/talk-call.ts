import { createSession, endSession, type AgentRequest, type SessionTicket } from '../../shared/client/session-request.ts';
import { DEFAULT_WIRE_FORMAT, VoiceClient, type AgentNotice, type VoiceClientState } from '../../shared/client/voice-client.ts';
import { loudness } from './loudness.ts';
import type { Microphone } from './microphone.ts';
import { Playout } from './playout.ts';
import type { PlayoutNews } from './playout-messages.ts';

/** Whom a call tells what happens. */
export interface TalkCallListener {
  onReady(): void;
  onNotice(notice: AgentNotice): void;
  onPlayout(news: PlayoutNews): void;
  /** Loudness of the caller, 0 to 1, fifty times a second. */
  onCallerLevel(level: number): void;
  /** The call is over; called once. */
  onOver(code: number, reason: string): void;
}

export interface TalkCallOptions {
  readonly agent: AgentRequest;
  readonly apiKey: string | undefined;
  readonly record: boolean;
  /** Absent: a call by keyboard. The call closes it. */
  readonly microphone: Microphone | undefined;
}

/** One call of the page: a session, its connection, microphone and loudspeaker. */
export class TalkCall {
  readonly #options: TalkCallOptions;
  readonly #listener: TalkCallListener;
  readonly #ticket: SessionTicket;
  readonly #playout: Playout;
  readonly #client: VoiceClient;
  #playedSeq: number | undefined;
  #sounding = false;
  /** The connection is gone; what was said last is still to be played out. */
  #closed: { readonly code: number; readonly reason: string } | undefined;

  private constructor(options: TalkCallOptions, listener: TalkCallListener, ticket: SessionTicket, playout: Playout) {
    this.#options = options;
    this.#listener = listener;
    this.#ticket = ticket;
    this.#playout = playout;
    this.#client = new VoiceClient({
      url: ticket.ws_url,
      token: ticket.token,
      socket: WebSocket,
      listener: {
        onState: (state) => this.#entered(state),
        onNotice: (notice) => this.#noticed(notice),
        onAudio: (audio) => this.#playout.push(audio),
      },
    });
    if (options.microphone !== undefined) options.microphone.onFrame = (frame) => this.#heard(frame);
  }

  /** Places a call; it is under way once the listener's `onReady` came. Throws SessionRequestError. */
  static async place(options: TalkCallOptions, listener: TalkCallListener): Promise<TalkCall> {
    let call: TalkCall | undefined;
    const playout = await Playout.open(options.record, (news) => {
      if (call !== undefined) call.#played(news);
    });
    try {
      const audio = { input: DEFAULT_WIRE_FORMAT, output: DEFAULT_WIRE_FORMAT };
      const ticket = await createSession(location.origin, { agent: options.agent, audio }, options.apiKey);
      call = new TalkCall(options, listener, ticket, playout);
      return call;
    } catch (error) {
      playout.close();
      throw error;
    }
  }

  /** Sends what was typed; answers whether the call could take it. */
  sendText(content: string): boolean {
    return this.#client.sendText(content);
  }

  /** Ends the call; the agent falls silent at once. */
  hangUp(): void {
    this.#playout.clear();
    this.#client.close();
    endSession(location.origin, this.#ticket.session_id, this.#options.apiKey).catch(() => {
      // Where it could not be ended, the session expires by itself once nobody is connected to it: nothing to tell the caller.
    });
  }

  #heard(frame: Int16Array<ArrayBuffer>): void {
    this.#client.sendAudio(new Uint8Array(frame.buffer));
    this.#listener.onCallerLevel(loudness(frame));
  }

  #played(news: PlayoutNews): void {
    if (news.playedSeq !== undefined && news.playedSeq !== this.#playedSeq) {
      this.#playedSeq = news.playedSeq;
      this.#client.played(news.playedSeq);
    }
    this.#listener.onPlayout(news);
    this.#sounding = news.sounding || news.bufferedSamples > 0;
    if (this.#closed !== undefined && !this.#sounding) this.#finish(this.#closed);
  }

  #noticed(notice: AgentNotice): void {
    if (notice.type === 'clear') this.#playout.clear();
    this.#listener.onNotice(notice);
  }

  #entered(state: VoiceClientState): void {
    if (state.name === 'ready') this.#listener.onReady();
    if (state.name !== 'closed') return;
    this.#options.microphone?.close();
    this.#closed = { code: state.code, reason: state.reason };
    if (!this.#sounding) this.#finish(this.#closed);
  }

  #finish(closed: { readonly code: number; readonly reason: string }): void {
    this.#playout.close();
    this.#listener.onOver(closed.code, closed.reason);
  }
}
