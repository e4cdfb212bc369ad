import type { Bus } from '../shared/bus/bus.ts';
import type { Delivered } from '../shared/protocol/claim.ts';
import type { Seat } from './seat.ts';

/** A session that could not be stored when its caller was given up is looked at again after this. */
const LOOK_AGAIN_MS = 1000;

export interface AbsencesOptions {
  readonly bus: Bus;
  /** How long a session waits for its caller. */
  readonly graceMs: number;
  /** What a caller says while the bus is away is kept elsewhere for this long. */
  readonly replayMs: number;
  readonly seats: () => Iterable<Seat>;
  /** The caller did not come back and everything said is stored. */
  readonly giveUp: (seat: Seat) => Promise<void>;
  readonly onCrash: (error: unknown) => void;
}

/** Callers who cannot be reached: their agents stand still, and their sessions wait for them, but not for ever. */
export class Absences {
  readonly #options: AbsencesOptions;

  constructor(options: AbsencesOptions) {
    this.#options = options;
    options.bus.onConnection((connected) => {
      for (const { session, grace } of options.seats()) {
        if (!connected) session.outOfReach(options.replayMs);
        else if (grace === undefined) session.inReach();
      }
    });
  }

  /** The caller's connection is gone. */
  begin(seat: Seat): void {
    // What they were saying is understood and stored before they are given up.
    seat.session.outOfReach(Math.min(this.#options.replayMs, this.#options.graceMs / 2));
    seat.grace ??= this.#graceOf(seat, this.#options.graceMs);
  }

  /** The caller is connected, and has the agent's newest speech up to `delivered`, where that is known. */
  end(seat: Seat, delivered?: Delivered): void {
    clearTimeout(seat.grace);
    seat.grace = undefined;
    if (this.#options.bus.connected) seat.session.inReach(delivered);
  }

  #graceOf(seat: Seat, afterMs: number): NodeJS.Timeout {
    return setTimeout(() => void this.#over(seat).catch(this.#options.onCrash), afterMs);
  }

  /** What was said is in this memory alone until it is stored: while Redis is away the session stays. */
  async #over(seat: Seat): Promise<void> {
    const { grace, session } = seat;
    session.breakOff();
    const isStored = await session.settled();
    // Another grace: the caller was back in the meantime. A session that is closed has none.
    if (grace === undefined || seat.grace !== grace) return;
    if (isStored) await this.#options.giveUp(seat);
    else seat.grace = this.#graceOf(seat, LOOK_AGAIN_MS);
  }
}
