import type { RunningProcess } from '../../deploy/local/processes.ts';
import type { Dialect, Line } from './caller-plan.ts';

/** Something that sends frames back, made of real processes. */
export interface Target {
  readonly name: string;
  readonly dialect: Dialect;
  /** Whether the first sound on a line says that it stands. */
  readonly awaitsFirst: boolean;
  /** What its CPU time is counted of, by name. */
  readonly processes: ReadonlyMap<string, RunningProcess>;
  /** Lines for so many callers, each good for one connection. */
  lines(count: number, use: LineUse): Promise<readonly Line[]>;
  stop(): Promise<void>;
}

/** What a line is for: the fleet is told before, references need not know. */
export interface LineUse {
  readonly kind: 'relay' | 'text' | 'idle' | 'turns';
  /** The urgency asked for; default normal. */
  readonly priority?: number;
}

/** Lines to one address, for those that know no sessions. */
export function plainLines(url: string, count: number): readonly Line[] {
  return Array.from({ length: count }, (_, key) => ({ url, protocols: [], key }));
}
