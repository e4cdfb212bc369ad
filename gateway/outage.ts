import type { Bus } from '../shared/bus/bus.ts';
import { VoxError } from '../shared/runtime/errors.ts';

/** An outage shorter than this is a change of NATS nodes, of which callers notice nothing. */
const WORTH_TELLING_MS = 500;

/** Knows of outages of the bus that last longer than half a second. */
export class LongOutages {
  #timer: NodeJS.Timeout | undefined;
  #isNow = false;

  /** Calls back once in each of them. */
  constructor(bus: Bus, callBack: () => void) {
    bus.onConnection((connected) => {
      clearTimeout(this.#timer);
      this.#isNow = false;
      if (connected) return;
      this.#timer = setTimeout(() => {
        this.#isNow = true;
        callBack();
      }, WORTH_TELLING_MS).unref();
    });
  }

  /** Whether there is one now, of which those who were there have been told. */
  get isNow(): boolean {
    return this.#isNow;
  }
}

/** What callers are told then. */
export function busUnavailable(): VoxError {
  return new VoxError('bus_unavailable', 'the bus between gateways and workers is away; what you say is kept and heard once it is back');
}
