import type { FleetEvent, FleetEventKind } from '../../shared/protocol/fleet-snapshot.ts';
import { readableMs } from './latency-stages.ts';

/** How grave an event is, for its colour. */
export type Gravity = 'bad' | 'notable' | 'good';

interface Wording {
  readonly one: string;
  /** `#` is their number. */
  readonly many: string;
  readonly gravity: Gravity;
}

const WORDS: Readonly<Partial<Record<FleetEventKind, Wording>>> = {
  takeover: { one: 'A call was taken over', many: '# calls were taken over', gravity: 'notable' },
  session_lost: { one: 'A call was lost', many: '# calls were lost', gravity: 'bad' },
  worker_lost: { one: 'A worker was lost', many: 'A worker was lost', gravity: 'bad' },
  drain_began: { one: 'Draining', many: 'Draining', gravity: 'notable' },
  drain_ended: { one: 'Drained', many: 'Drained', gravity: 'good' },
  bus_lost: { one: 'The bus is away', many: 'The bus is away', gravity: 'bad' },
  bus_back: { one: 'The bus is back', many: 'The bus is back', gravity: 'good' },
  store_lost: { one: 'The store is away', many: 'The store is away', gravity: 'bad' },
  store_back: { one: 'The store is back', many: 'The store is back', gravity: 'good' },
  came: { one: 'Came', many: 'Came', gravity: 'good' },
  restarted: { one: 'Started again', many: 'Started again', gravity: 'notable' },
  gone: { one: 'Gone', many: 'Gone', gravity: 'notable' },
};

/** What happened, in words, and how grave it is. A kind that is not known is told as it is called. */
export function eventWords({ kind, count, detail }: FleetEvent): { readonly words: string; readonly gravity: Gravity } {
  const { one, many, gravity } = WORDS[kind] ?? { one: kind, many: kind, gravity: 'notable' };
  const what = count === 1 ? one : many.replace('#', String(count));
  return { words: detail === '' ? what : `${what}: ${detail}`, gravity };
}

/** Milliseconds with their unit, a dash where nothing was measured. */
export function msWords(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : `${readableMs(value)} ms`;
}

/** The time of day. */
export function clockWords(atMs: number): string {
  return new Date(atMs).toLocaleTimeString();
}

/** A length of time to the precision that matters. */
export function ageWords(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}
