import type { Bus } from '../shared/bus/bus.ts';
import { pause } from '../shared/runtime/pause.ts';
import type { Seat } from './seat.ts';

/** This much egress is sent again before there is a pause of so long: others want to be heard too. */
const CATCH_UP_BYTES = 1_048_576;
const CATCH_UP_PAUSE_MS = 10;

export interface CatchUpOptions {
  readonly bus: Bus;
  readonly seats: readonly Seat[];
  /** Whether a seat is still taken. */
  readonly isSeated: (seat: Seat) => boolean;
  readonly signal: AbortSignal;
}

/** The bus is back: what it may have lost is sent or asked for again. What did arrive is known by its number. */
export async function catchUp({ bus, seats, isSeated, signal }: CatchUpOptions): Promise<void> {
  let bytes = 0;
  for (const seat of seats) {
    if (!bus.connected || signal.aborted) return;
    if (!isSeated(seat)) continue;
    const { egress, committedIngressSeq } = seat.session;
    egress.repeat();
    egress.ack(committedIngressSeq);
    egress.resend(seat.inbox.newest);
    bytes += egress.keptBytes;
    if (bytes < CATCH_UP_BYTES) continue;
    bytes = 0;
    await pause(CATCH_UP_PAUSE_MS, signal);
  }
}
