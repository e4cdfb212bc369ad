import type { ProcessStats } from '../../shared/protocol/process-stats.ts';
import type { Occurrence } from './notice-board.ts';

/** What is seen of processes from one look to the next: who came, was started again, or is gone. `atMs` is milliseconds since the epoch. */
export function fleetChanges(before: readonly ProcessStats[], now: readonly ProcessStats[], atMs: number): readonly Occurrence[] {
  const known = byKey(before);
  const here = byKey(now);
  const seen = (kind: Occurrence['kind'], { tier, processId }: ProcessStats): Occurrence => ({ kind, tier, processId, atMs });
  return [
    ...[...here].flatMap(([key, process]) => {
      const earlier = known.get(key);
      if (earlier === undefined) return [seen('came', process)];
      return earlier.incarnation === process.incarnation ? [] : [seen('restarted', process)];
    }),
    ...[...known].filter(([key]) => !here.has(key)).map(([, process]) => seen('gone', process)),
  ];
}

function byKey(processes: readonly ProcessStats[]): ReadonlyMap<string, ProcessStats> {
  return new Map(processes.map((process) => [`${process.tier} ${process.processId}`, process]));
}
