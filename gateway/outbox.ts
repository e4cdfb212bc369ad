import { nowMs } from '../shared/runtime/clock.ts';
import type { CloseName } from '../shared/runtime/errors.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Pacing } from './pacing.ts';
import type { CallerSocket } from './socket.ts';

/** What the outbox tells its connection. */
export interface OutboxListener {
  /** Agent audio was shed for the first time since the socket last kept up. */
  onSlow(): void;
  /** The connection cannot be served. */
  onTooSlow(): void;
}

/** One connection's way out: sends at once while the socket keeps up, paces when it does not. */
export class Outbox {
  readonly #socket: CallerSocket;
  readonly #pacing: Pacing;
  readonly #metrics: GatewayMetrics;
  readonly #listener: OutboxListener;
  #isSocketBehind = false;
  #closeWhenSent: { readonly name: CloseName; readonly errorId: string | undefined } | undefined;

  constructor(socket: CallerSocket, pacing: Pacing, metrics: GatewayMetrics, listener: OutboxListener) {
    this.#socket = socket;
    this.#pacing = pacing;
    this.#metrics = metrics;
    this.#listener = listener;
  }

  /** Sends text or bytes, which are the taker's only until this returns; those of agent audio may be shed on a slow socket. */
  send(data: string | Uint8Array, isAudio: boolean): void {
    const { length } = data;
    const bufferedBytes = this.#isSocketBehind ? this.#socket.bufferedBytes : 0;
    if (this.#pacing.isOpen(bufferedBytes)) return this.#write(data, length);
    // What may be held must not hold on to memory that it shares with other messages.
    const kept = typeof data !== 'string' ? new Uint8Array(data) : data;
    const decision = this.#pacing.offer({ data: kept, bytes: length, isAudio }, bufferedBytes, nowMs());
    if (decision.action === 'send') return this.#write(kept, length);
    if (decision.action === 'too_slow') return this.#listener.onTooSlow();
    if (decision.shedFrames === 0) return;
    this.#metrics.countShed('slow_consumer', decision.shedFrames);
    if (decision.isFirstShed) this.#listener.onSlow();
  }

  /** Forgets agent audio that waits: the caller spoke over it. */
  clearAudio(): void {
    const cleared = this.#pacing.clearAudio();
    if (cleared > 0) this.#metrics.countShed('cleared', cleared);
  }

  /** The socket took something: sends what was held for it. */
  drained(): void {
    let message = this.#pacing.next(this.#socket.bufferedBytes, nowMs());
    while (message !== undefined) {
      this.#write(message.data, message.bytes);
      message = this.#pacing.next(this.#socket.bufferedBytes, nowMs());
    }
    this.#isSocketBehind = this.#socket.bufferedBytes > 0;
    if (this.#closeWhenSent !== undefined) this.finish(this.#closeWhenSent.name, this.#closeWhenSent.errorId);
  }

  /** Closes the socket once everything that was given here is with it. */
  finish(name: CloseName, errorId?: string): void {
    this.#closeWhenSent = { name, errorId };
    if (!this.#pacing.isHolding) this.#socket.close(name, errorId);
  }

  /** Looks for a socket that has stopped taking anything; called about once a second. */
  checkStall(): void {
    if (this.#pacing.isStalled(nowMs())) this.#listener.onTooSlow();
  }

  #write(data: string | Uint8Array, bytes: number): void {
    const outcome = typeof data === 'string' ? this.#socket.sendText(data) : this.#socket.sendBinary(data);
    if (outcome === 'sent') return this.#metrics.countOut(bytes);
    if (outcome === 'dropped') return this.#metrics.undelivered.inc();
    this.#isSocketBehind = true;
    this.#metrics.countOut(bytes);
  }
}
