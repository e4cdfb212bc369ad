import type { AgentEvent } from '../shared/protocol/agent-event.ts';
import { audioMs } from '../shared/protocol/audio-format.ts';
import type { Delivered } from '../shared/protocol/claim.ts';
import { ENVELOPE_TYPE, turnOfFlags, type Envelope } from '../shared/protocol/envelope.ts';
import { nowMs } from '../shared/runtime/clock.ts';
import type { Delivery } from './delivery.ts';
import type { EgressOrder } from './egress-order.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Terms } from './terms.ts';
import type { Uplink } from './uplink.ts';

export interface DownlinkOptions {
  readonly order: EgressOrder;
  readonly delivery: Delivery;
  readonly uplink: Uplink;
  readonly metrics: GatewayMetrics;
  readonly terms: Terms;
}

/** How often an owner is told what its caller has. */
const TELL_EVERY_MS = 500;
/** A caller may have more than this connection passed on, from the one before; not more than this many messages. */
const MOST_AHEAD = 10_000;
const NO_TURN = -1;

/**
 * The agent's side of one connection: passes on what the owner says once and in order, asks for what the bus lost, and knows
 * how far the agent's speech has come.
 */
export class Downlink {
  readonly #metrics: GatewayMetrics;
  readonly #terms: Terms;
  readonly #order: EgressOrder;
  readonly #delivery: Delivery;
  readonly #uplink: Uplink;
  #turn = NO_TURN;
  #deliveredMs = 0;
  /** The owner was told, maybe by a message that the bus lost, that the caller has everything up to here. */
  #toldSeq: number;
  #toldAtMs = 0;

  constructor({ metrics, terms, order, delivery, uplink }: DownlinkOptions) {
    this.#metrics = metrics;
    this.#terms = terms;
    this.#order = order;
    this.#delivery = delivery;
    this.#uplink = uplink;
    this.#toldSeq = order.last;
  }

  /** The highest egress seq passed on. */
  get seq(): number {
    return this.#order.last;
  }

  /** The end of the newest speech passed on, if there was any. */
  get delivered(): Delivered | undefined {
    return this.#turn === NO_TURN ? undefined : { turn: this.#turn, mediaMs: this.#deliveredMs };
  }

  /** Another worker, or the same one anew, speaks from here on; `delivered` is what it knows of the place we begin at. */
  attach(delivered: Delivered | undefined): void {
    this.#order.restart();
    if (delivered === undefined || this.#turn !== NO_TURN) return;
    this.#turn = delivered.turn;
    this.#deliveredMs = delivered.mediaMs;
  }

  /** Speech or an event of the owner, or something numbered that this version does not know. */
  take(envelope: Envelope): void {
    switch (this.#order.place(envelope.seq, envelope.flags)) {
      case 'next':
        return this.#pass(envelope);
      case 'duplicate':
        return this.#metrics.duplicates.inc();
      case 'hole':
        return this.#askIfDue(nowMs());
    }
  }

  /** A numbering caller has everything up to this egress seq. */
  received(seq: number): void {
    const order = this.#order;
    order.reached(Math.min(seq, order.last + MOST_AHEAD));
    this.#toldSeq = Math.min(seq, order.last);
    this.#uplink.control(ENVELOPE_TYPE.received, this.#toldSeq);
  }

  /** The owner has come to this egress seq and does not know whether the caller has it: asks for what did not come, and says again what is known. */
  expect(seq: number): void {
    this.#order.expect(seq);
    this.#askIfDue(nowMs());
    this.#uplink.control(ENVELOPE_TYPE.received, this.#toldSeq);
  }

  /** The bus was away: what it lost is asked for. */
  askAgain(): void {
    this.#metrics.askedAgain.inc();
    this.#uplink.control(ENVELOPE_TYPE.again, this.seq);
  }

  /** Asks again for what is missing, and tells the owner of callers who cannot what they have. */
  tick(nowMs: number): void {
    if (!this.#uplink.isReachable) return;
    this.#askIfDue(nowMs);
    // A caller who numbers says itself what has arrived; for others it is what was put on the socket.
    if (this.#terms.isNumbered || this.#toldSeq === this.seq || nowMs - this.#toldAtMs < TELL_EVERY_MS) return;
    this.#toldAtMs = nowMs;
    this.received(this.seq);
  }

  #askIfDue(nowMs: number): void {
    if (this.#order.asks(nowMs)) this.askAgain();
  }

  #pass(envelope: Envelope): void {
    if (envelope.type === ENVELOPE_TYPE.speech) {
      this.#turn = turnOfFlags(envelope.flags);
      this.#deliveredMs = envelope.mediaMs + audioMs(this.#terms.output, envelope.payload.length);
      return this.#delivery.speech(envelope);
    }
    if (envelope.type !== ENVELOPE_TYPE.event) return this.#metrics.unknown.inc({ what: 'envelope' });
    const event = this.#delivery.event(envelope);
    if (event?.type !== 'text' && event?.type !== 'error') return;
    if (event.re !== undefined) this.#uplink.answered(event.re, answerOf(event));
  }
}

/** A text that was answered with an error has no answer. */
function answerOf(event: Extract<AgentEvent, { type: 'text' | 'error' }>): string {
  return event.type === 'text' ? event.content : '';
}
