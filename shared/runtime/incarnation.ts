import { randomBytes } from 'node:crypto';

/** What NATS tokens and records of owners hold (`ID_PATTERN`). */
const MOST_CHARS = 64;
const RANDOM_BYTES = 4;
/** Of the random part and the dash before it. */
const SUFFIX_CHARS = 1 + 2 * RANDOM_BYTES;

/**
 * The name of one start of a process, used on the bus and as owner of leases: `<id>-<8 hex digits>`, 64 characters at most.
 * Names such as those of pods come back after a restart, with other slots behind them; whoever still speaks to the process
 * that was must find nobody, not the one that is.
 */
export function incarnationOf(id: string): string {
  return `${id.slice(0, MOST_CHARS - SUFFIX_CHARS)}-${randomBytes(RANDOM_BYTES).toString('hex')}`;
}

/** The id of the process that `incarnation` is a start of. */
export function processOf(incarnation: string): string {
  return incarnation.slice(0, -SUFFIX_CHARS);
}

/** Whether `incarnation` is a start of the process with this id. */
export function isIncarnationOf(incarnation: string, id: string): boolean {
  return incarnation.length > SUFFIX_CHARS && incarnation.slice(0, -SUFFIX_CHARS) === id.slice(0, MOST_CHARS - SUFFIX_CHARS);
}
