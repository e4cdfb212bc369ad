import { randomBytes } from 'node:crypto';
import type { ResumeTicket } from '../shared/protocol/native-message.ts';
import { nowMs, wallMs } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { SessionStore } from '../shared/session/store.ts';
import { secretHash } from './http/authorization.ts';

const TOKEN_BYTES = 24;
/** A store that did not take a token is asked again after this. */
const RETRY_MS = 5000;
/** Callers that came at once are not given their next tokens at once: up to this part of the time earlier. */
const SPREAD = 0.2;

/** A resume token that no other is like, good for so long from now on. */
export function newTicket(ttlMs: number): ResumeTicket {
  return { token: randomBytes(TOKEN_BYTES).toString('base64url'), expires_at: new Date(wallMs() + ttlMs).toISOString() };
}

/** What a client that can resume came with and was given. */
export interface Resumable {
  /** The egress seq of the last message it got; 0 for none. */
  readonly afterSeq: number;
  /** What it may come back with. */
  readonly ticket: ResumeTicket;
}

export interface ResumptionOptions {
  readonly store: SessionStore;
  readonly log: Logger;
  readonly sessionId: string;
  readonly connectionNo: number;
  readonly ttlMs: number;
  readonly ticket: ResumeTicket;
  /** A newer ticket is stored: the client is to have it. */
  readonly onRenewed: (ticket: ResumeTicket) => void;
}

/**
 * Keeps one connection's resume token fresh: a newer one every half of its life. Where the store may have forgotten the one
 * that the client has, because it was away or did not know the session, it is told of that one again.
 */
export class Resumption {
  readonly #options: ResumptionOptions;
  #ticket: ResumeTicket;
  /** Tried again as it is until the store takes it: a second one would push out the one that the client has. */
  #next: ResumeTicket | undefined;
  #isAsking = false;
  #renewAtMs: number;
  /** Outages of the store that were seen to. */
  #outages: number;
  /** When the store is told again of the ticket that the client has; Infinity where it is known to have it. */
  #tellAtMs = Infinity;

  constructor(options: ResumptionOptions) {
    this.#options = options;
    this.#ticket = options.ticket;
    this.#renewAtMs = this.#halfLifeFrom(nowMs());
    this.#outages = options.store.outages;
  }

  /** The newest ticket that is stored. */
  get ticket(): ResumeTicket {
    return this.#ticket;
  }

  /** Asks the store for a newer ticket, or tells it of the present one, when it is time to. */
  tick(nowMs: number): void {
    const { outages } = this.#options.store;
    // All connections notice an outage at once: they do not ask at once.
    if (outages !== this.#outages) this.#tellAtMs = Math.min(this.#tellAtMs, nowMs + RETRY_MS * Math.random());
    this.#outages = outages;
    if (this.#isAsking) return;
    if (this.#tellAtMs !== Infinity) {
      if (nowMs >= this.#tellAtMs) this.#ask(this.#ticket, nowMs, () => undefined);
    } else if (nowMs >= this.#renewAtMs) {
      const next = (this.#next ??= newTicket(this.#options.ttlMs));
      this.#ask(next, nowMs, () => this.#renewed(next));
    }
  }

  /** Until the store has taken it, it is not known to have any. */
  #ask(ticket: ResumeTicket, nowMs: number, onStored: () => void): void {
    const { log, sessionId } = this.#options;
    this.#isAsking = true;
    this.#tellAtMs = nowMs + RETRY_MS;
    void this.#store(ticket)
      .then((isStored) => {
        if (!isStored) return;
        this.#tellAtMs = Infinity;
        onStored();
      })
      .catch((error: unknown) => log.warn({ err: error, sessionId }, 'a resume token could not be stored yet'))
      .finally(() => (this.#isAsking = false));
  }

  #store({ token }: ResumeTicket): Promise<boolean> {
    const { store, sessionId, connectionNo, ttlMs } = this.#options;
    return store.rotate(sessionId, connectionNo, secretHash(token), ttlMs);
  }

  #renewed(ticket: ResumeTicket): void {
    this.#ticket = ticket;
    this.#next = undefined;
    this.#renewAtMs = this.#halfLifeFrom(nowMs());
    this.#options.onRenewed(ticket);
  }

  #halfLifeFrom(nowMs: number): number {
    return nowMs + (this.#options.ttlMs / 2) * (1 - SPREAD * Math.random());
  }
}
