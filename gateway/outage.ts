import type { Bus } from '../shared/bus/bus.ts';
import { VoxError } from '../shared/runtime/errors.ts';

/** An outage shorter than this is a change of NATS nodes, of which callers notice nothing. */
const WORTH_TELLING_MS = 500;

/** Calls back once in each outage of the bus that lasts longer than half a second. */
export function onLongOutage(bus: Bus, callBack: () => void): void {
  let timer: NodeJS.Timeout | undefined;
  bus.onConnection((connected) => {
    clearTimeout(timer);
    timer = connected ? undefined : setTimeout(callBack, WORTH_TELLING_MS).unref();
  });
}

/** What callers are told then. */
export function busUnavailable(): VoxError {
  return new VoxError('bus_unavailable', 'the bus between gateways and workers is away; what you say is kept and heard once it is back');
}
