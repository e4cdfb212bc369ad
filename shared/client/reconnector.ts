import { AFTER_PARAMETER, type AgentMessage } from '../protocol/native-message.ts';
import type { CompleteClientOptions, VoiceClientState } from './client-options.ts';
import { Connection, LEAVE_WITHIN_MS, type AgentAudio, type AgentSpeechless, type ConnectionEnd } from './connection.ts';
import { AddressBook, meaningOfClose, retryDelayMs } from './reconnect-policy.ts';

type Ready = Extract<AgentMessage, { type: 'ready' }>;
type Closed = Extract<VoiceClientState, { name: 'closed' }>;
type Over = Closed | Extract<VoiceClientState, { name: 'lost' }>;

/** How a connection came to be ready. */
export interface Reached {
  /** Since the one before was lost, or since the beginning; 0 where the one before was still there. */
  readonly awayMs: number;
  readonly attempts: number;
  readonly isFirst: boolean;
}

/** Whom a reconnector tells. Messages come from the connection that is ready and from the one on its way alike. */
export interface ReconnectorListener {
  /** Egress seq of the last message that came. */
  lastSeq(): number;
  onOpen(): void;
  onReady(connection: Connection, ready: Ready, reached: Reached): void;
  /** There is no connection; attempt number `attempt` comes next, `sinceMs` after the last one was lost. */
  onAway(attempt: number, sinceMs: number): void;
  onMessage(message: AgentSpeechless): void;
  onAudio(audio: AgentAudio): void;
  onUnknown(message: string): void;
  /** The end; nothing comes after it. */
  onOver(over: Over): void;
}

/** A connection that was ready for so long was a good one: the next attempts begin anew. */
const GOOD_AFTER_MS = 1000;
/** So long may an attempt that failed, or was given up here, still take this very call over. */
const STRAY_MS = 30_000;

/**
 * Sees to it that a session has a connection: makes the first, a new one when it breaks, and the next before the present one
 * goes where its gateway says that it will. Begins with `start`.
 */
export class Reconnector {
  readonly #options: CompleteClientOptions;
  readonly #listener: ReconnectorListener;
  readonly #addresses: AddressBook;
  /** The one that is ready. */
  #current: Connection | undefined;
  /** The one that is to take its place. */
  #next: Connection | undefined;
  #resumeToken: string | undefined;
  #wasReady = false;
  #attempt = 0;
  #readySinceMs = 0;
  #awaySinceMs: number;
  #strayUntilMs = 0;
  /** What the gateway that refused the last attempt asked to wait. */
  #hintMs: number | undefined;
  #failure = { code: 1006, reason: '' };
  #hangingUp: Closed | undefined;
  #isOver = false;
  #cancelAttempt: (() => void) | undefined;
  #cancelDeadline: (() => void) | undefined;

  /** Throws TypeError where one of the addresses is no URL. */
  constructor(options: CompleteClientOptions, listener: ReconnectorListener) {
    this.#options = options;
    this.#listener = listener;
    this.#addresses = new AddressBook([...new Set([options.url, ...options.urls].map((address) => new URL(address).href))]);
    this.#awaySinceMs = options.clock.nowMs();
  }

  get current(): Connection | undefined {
    return this.#current;
  }

  /** Throws what the socket's constructor throws: a URL that is not of a WebSocket. */
  start(): void {
    this.#startDeadline();
    this.#connect();
  }

  /** The network may be another one: tries at once, and asks a connection that seems good for a sign of life. */
  hurry(): void {
    if (this.#isOver || this.#hangingUp !== undefined) return;
    this.#current?.doubt();
    const isWaiting = this.#cancelAttempt !== undefined;
    const isOpening = this.#next !== undefined && !this.#next.isOpen;
    if (!isWaiting && !isOpening) return;
    if (isOpening) this.#leaveNext();
    this.#connect();
  }

  /** Closes in agreement with the gateway where there is one, and within a second all the same. */
  hangUp(closed: Closed): void {
    if (this.#isOver || this.#hangingUp !== undefined) return;
    const connection = this.#current ?? this.#next;
    if (connection === undefined) return this.#finish(closed);
    this.#hangingUp = closed;
    this.#options.clock.after(LEAVE_WITHIN_MS, () => this.#finish(closed));
    connection.close(closed.code, closed.reason);
  }

  #connect(): void {
    this.#cancelAttempt?.();
    this.#cancelAttempt = undefined;
    this.#attempt += 1;
    this.#hintMs = undefined;
    const { socket, token, openWithinMs, pingAfterMs, deadAfterMs, clock } = this.#options;
    const url = new URL(this.#addresses.current);
    url.searchParams.set(AFTER_PARAMETER, String(this.#listener.lastSeq()));
    const silence = { pingAfterMs, deadAfterMs };
    this.#next = new Connection({ socket, url: url.href, token, resumeToken: this.#resumeToken, openWithinMs, silence, clock }, {
      onOpen: () => {
        if (!this.#wasReady) this.#listener.onOpen();
      },
      onMessage: (connection, message) => this.#received(connection, message),
      onAudio: (audio) => this.#listener.onAudio(audio),
      onUnknown: (message) => this.#listener.onUnknown(message),
      onEnd: (connection, end) => this.#ended(connection, end),
    });
  }

  #received(connection: Connection, message: AgentSpeechless): void {
    switch (message.type) {
      case 'ready':
        this.#resumeToken = message.resume?.token ?? this.#resumeToken;
        if (connection === this.#next) this.#reached(connection, message);
        break;
      case 'resume_token':
        this.#resumeToken = message.token;
        break;
      case 'goaway':
        if (connection === this.#current) this.#moveOn(message.reconnect_after_ms);
        break;
      case 'error':
        if (connection === this.#next) this.#hintMs = message.retry_after_ms;
        break;
      default:
    }
    if (!this.#isOver) this.#listener.onMessage(message);
  }

  #reached(connection: Connection, ready: Ready): void {
    const nowMs = this.#options.clock.nowMs();
    const awayMs = this.#current === undefined ? nowMs - this.#awaySinceMs : 0;
    const reached = { awayMs, attempts: this.#attempt, isFirst: !this.#wasReady };
    this.#current?.leave();
    this.#current = connection;
    this.#next = undefined;
    this.#wasReady = true;
    this.#readySinceMs = nowMs;
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
    this.#listener.onReady(connection, ready, reached);
  }

  #ended(connection: Connection, end: ConnectionEnd): void {
    this.#failure = { code: end.code, reason: end.reason };
    if (connection === this.#current) this.#lose();
    if (connection === this.#next) this.#failed(end);
    const isTheEnd = this.#isTheEnd(end);
    if (this.#hangingUp !== undefined) this.#finish(this.#hangingUp);
    else if (isTheEnd && this.#current === undefined) this.#finish({ name: 'closed', ...this.#failure });
    else if (this.#next === undefined) this.#tryAgain();
    // Replaced while the next one is on its way: by that one, which will be ready in a moment.
    else if (meaningOfClose(end) !== 'replaced') this.#listener.onAway(this.#attempt, 0);
  }

  #lose(): void {
    const nowMs = this.#options.clock.nowMs();
    this.#current = undefined;
    this.#awaySinceMs = nowMs;
    this.#startDeadline();
    if (this.#next !== undefined || this.#cancelAttempt !== undefined || nowMs - this.#readySinceMs < GOOD_AFTER_MS) return;
    this.#attempt = 0;
    this.#addresses.leave(this.#options.random());
  }

  /** An attempt that no gateway refused may have taken the call over all the same: its `ready` was lost on the way. */
  #failed(end: ConnectionEnd): void {
    this.#next = undefined;
    if (meaningOfClose(end) === 'again') this.#strayUntilMs = this.#options.clock.nowMs() + STRAY_MS;
  }

  #isTheEnd(end: ConnectionEnd): boolean {
    switch (meaningOfClose(end)) {
      case 'over':
        return true;
      case 'again':
        return false;
      case 'busy':
        return !this.#wasReady;
      case 'replaced':
        return this.#next === undefined && this.#options.clock.nowMs() >= this.#strayUntilMs;
      case 'ticket_refused': {
        const hadTicket = this.#resumeToken !== undefined;
        this.#resumeToken = undefined;
        return !hadTicket;
      }
    }
  }

  #tryAgain(afterMs?: number): void {
    const { clock, random } = this.#options;
    if (this.#attempt > 0) this.#addresses.turn();
    const attempt = this.#attempt + 1;
    const delayMs = afterMs ?? retryDelayMs({ attempt, addresses: this.#addresses.size, random: random(), hintMs: this.#hintMs });
    this.#cancelAttempt?.();
    this.#cancelAttempt = clock.after(delayMs, () => this.#connect());
    if (this.#current === undefined) this.#listener.onAway(attempt, clock.nowMs() - this.#awaySinceMs);
  }

  /** This gateway will go: the next connection is made while the present one still works. */
  #moveOn(afterMs: number): void {
    if (this.#next !== undefined || this.#cancelAttempt !== undefined) return;
    this.#attempt = 0;
    this.#addresses.leave(this.#options.random());
    this.#tryAgain(afterMs);
  }

  #leaveNext(): void {
    this.#strayUntilMs = this.#options.clock.nowMs() + STRAY_MS;
    this.#next?.leave();
    this.#next = undefined;
  }

  #startDeadline(): void {
    const { clock, giveUpAfterMs } = this.#options;
    this.#cancelDeadline?.();
    this.#cancelDeadline = clock.after(giveUpAfterMs, () => this.#finish({ name: 'lost', ...this.#failure }));
  }

  #finish(over: Over): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelAttempt?.();
    this.#cancelDeadline?.();
    this.#current?.leave();
    this.#next?.leave();
    this.#current = undefined;
    this.#listener.onOver(over);
  }
}
