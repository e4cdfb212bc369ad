import { createSession, endSession, type AgentRequest, type SessionTicket } from '../../shared/client/session-request.ts';
import { DEFAULT_WIRE_FORMAT, VoiceClient, type AgentNotice, type VoiceClientState } from '../../shared/client/voice-client.ts';
import { loudness } from './loudness.ts';
import type { Microphone } from './microphone.ts';
import { Playout } from './playout.ts';
import type { PlayoutNews } from './playout-messages.ts';

/** The connection: gone for now; back; back, but more was said meanwhile than could be kept. */
export type LineState = 'away' | 'back' | 'back_incomplete';

/** How a call ended. */
export interface CallEnd {
  readonly code: number;
  readonly isLost: boolean;
}

/** Whom a call tells what happens. */
export interface TalkCallListener {
  onReady(): void;
  /** The connection went away, or is back; what is said meanwhile is kept. */
  onLine(line: LineState): void;
  onNotice(notice: AgentNotice): void;
  onPlayout(news: PlayoutNews): void;
  /** Loudness of the caller, 0 to 1, fifty times a second. */
  onCallerLevel(level: number): void;
  /** The call is over; called once. `isLost`: nobody said so, it was given up. */
  onOver(end: CallEnd): void;
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
  /** Something said while the connection was away is lost. */
  #isIncomplete = false;
  readonly #networkCame = (): void => this.#client.reconnectNow();
  /** The connection is gone; what was said last is still to be played out. */
  #end: CallEnd | undefined;

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
        onDropped: () => (this.#isIncomplete = true),
      },
    });
    if (options.microphone !== undefined) options.microphone.onFrame = (frame) => this.#heard(frame);
    addEventListener('online', this.#networkCame);
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

  /** Sends what was typed, now or when the connection is back; answers whether the call could take it. */
  sendText(content: string): boolean {
    return this.#client.sendText(content) !== 'dropped';
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
    if (this.#end !== undefined && !this.#sounding) this.#finish(this.#end);
  }

  #noticed(notice: AgentNotice): void {
    if (notice.type === 'clear') this.#playout.clear();
    this.#listener.onNotice(notice);
  }

  #entered(state: VoiceClientState): void {
    switch (state.name) {
      case 'connecting':
      case 'open':
        return;
      case 'ready':
        return state.resumed === undefined ? this.#listener.onReady() : this.#back();
      case 'reconnecting':
        return this.#listener.onLine('away');
      case 'closed':
      case 'lost':
        return this.#over({ code: state.code, isLost: state.name === 'lost' });
    }
  }

  #back(): void {
    this.#listener.onLine(this.#isIncomplete ? 'back_incomplete' : 'back');
    this.#isIncomplete = false;
  }

  #over(end: CallEnd): void {
    removeEventListener('online', this.#networkCame);
    this.#options.microphone?.close();
    this.#end = end;
    if (!this.#sounding) this.#finish(end);
  }

  #finish(end: CallEnd): void {
    this.#playout.close();
    this.#listener.onOver(end);
  }
}
