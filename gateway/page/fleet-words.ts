import type { FleetEvent, FleetEventKind } from '../../shared/protocol/fleet-snapshot.ts';
import { readableMs } from './latency-stages.ts';

/** How grave an event is, for its colour. */
export type Gravity = 'bad' | 'notable' | 'good';

interface Wording {
  /** `@` is the process that it is about. */
  readonly one: string;
  /** Of several alike; `#` is their number. */
  readonly many: string;
  readonly gravity: Gravity;
}

const WORDS: Readonly<Partial<Record<FleetEventKind, Wording>>> = {
  takeover: { one: 'A call was taken over', many: '# calls were taken over', gravity: 'notable' },
  session_lost: { one: 'A call was lost', many: '# calls were lost', gravity: 'bad' },
  worker_lost: { one: 'A worker was lost', many: 'A worker was lost', gravity: 'bad' },
  drain_began: { one: '@ drains', many: '@ drain', gravity: 'notable' },
  drain_ended: { one: '@ has drained', many: '@ have drained', gravity: 'good' },
  bus_lost: { one: '@ lost the bus', many: '@ lost the bus', gravity: 'bad' },
  bus_back: { one: '@ has the bus again', many: '@ have the bus again', gravity: 'good' },
  store_lost: { one: '@ lost the store', many: '@ lost the store', gravity: 'bad' },
  store_back: { one: '@ has the store again', many: '@ have the store again', gravity: 'good' },
  came: { one: '@ came', many: '@ came', gravity: 'good' },
  restarted: { one: '@ was started again', many: '@ were started again', gravity: 'notable' },
  gone: { one: '@ is gone', many: '@ are gone', gravity: 'bad' },
};

/** An event as people read it. */
export interface EventWords {
  readonly words: string;
  readonly gravity: Gravity;
  /** Who told it, where the words do not say. */
  readonly who: string;
}

/** What happened, in words. A kind that is not known is told as it is called. */
export function eventWords({ kind, count, detail, process_ids: processes }: FleetEvent): EventWords {
  const { one, many, gravity } = WORDS[kind] ?? { one: kind, many: kind, gravity: 'notable' };
  const names = processes.join(', ');
  const pattern = processes.length > 1 || count > 1 ? many : one;
  const what = pattern.replace('#', String(count)).replace('@', names);
  return { words: detail === '' ? what : `${what}: ${detail}`, gravity, who: pattern.includes('@') ? '' : names };
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
