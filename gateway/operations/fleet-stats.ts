import type { LatencyReadings, ProcessStats, Readings } from '../../shared/protocol/process-stats.ts';
import { latenciesSince, mergedLatencies, NO_LATENCIES, type LatencyCounts } from '../../shared/runtime/latency-histogram.ts';

/** A process that said nothing for so long is not there. */
const SILENT_AFTER_MS = 5000;
/** The longest window. */
const KEPT_MS = 15 * 60_000;
/** Of the stats published once a second, by their number, so that every gateway keeps the same ones: a lot of the last minute and a few of the time before. */
const KEPT_EVERY = { recent: 5, older: 30 } as const;
const RECENT_MS = 75_000;
/** More than a fleet has; what is beyond is not taken. */
const MOST_PROCESSES = 1000;

/** Cumulative counts of a process at a moment. */
interface Snapshot {
  readonly heardAtMs: number;
  readonly no: number;
  readonly counters: Readings;
  readonly latencies: LatencyReadings;
}

/** One start of a process. */
interface Track {
  latest: ProcessStats;
  heardAtMs: number;
  readonly snapshots: Snapshot[];
}

/** What processes did together in a time. */
export interface FleetTotals {
  readonly counters: Readings;
  readonly latencies: LatencyReadings;
  /** How much of the time was watched; rates are made with it. */
  readonly coveredMs: number;
}

/**
 * What all processes say of themselves, folded. Starts of one process are told apart by incarnation: what an earlier one did
 * stays in the windows it was done in and is not counted again. Time is an argument, of any clock that does not step.
 */
export class FleetStats {
  readonly #tracks = new Map<string, Track>();

  /** Takes in what one process said. */
  hear(stats: ProcessStats, nowMs: number): void {
    const known = this.#tracks.get(stats.incarnation);
    if (known === undefined && this.#tracks.size >= MOST_PROCESSES) return;
    if (known !== undefined && known.latest.no >= stats.no) return;
    const track: Track = known ?? { latest: stats, heardAtMs: nowMs, snapshots: [] };
    track.latest = stats;
    track.heardAtMs = nowMs;
    if (known === undefined || stats.no % KEPT_EVERY.recent === 0) track.snapshots.push(snapshotOf(stats, nowMs));
    thin(track.snapshots, nowMs);
    this.#tracks.set(stats.incarnation, track);
  }

  /** Forgets processes that did nothing within the longest window; called now and then. */
  sweep(nowMs: number): void {
    for (const [incarnation, { heardAtMs }] of this.#tracks) if (nowMs - heardAtMs > KEPT_MS) this.#tracks.delete(incarnation);
  }

  /** The newest word of each process that is there, by id; of two starts of one process the later counts. */
  processes(nowMs: number): readonly ProcessStats[] {
    const byId = new Map<string, ProcessStats>();
    for (const { latest, heardAtMs } of this.#tracks.values()) {
      if (nowMs - heardAtMs > SILENT_AFTER_MS || latest.state === 'stopped') continue;
      const key = `${latest.tier} ${latest.processId}`;
      const other = byId.get(key);
      if (other === undefined || other.startedAtMs < latest.startedAtMs) byId.set(key, latest);
    }
    return [...byId.values()].sort((one, other) => one.tier.localeCompare(other.tier) || one.processId.localeCompare(other.processId, 'en', { numeric: true }));
  }

  /** What was done within the last `windowMs`, also by processes that are gone meanwhile. */
  window(windowMs: number, nowMs: number): FleetTotals {
    const parts = [...this.#tracks.values()].filter(({ heardAtMs }) => nowMs - heardAtMs <= windowMs).map((track) => partOf(track, nowMs - windowMs, nowMs));
    return {
      counters: summed(parts.map(({ counters }) => counters)),
      latencies: merged(parts.map(({ latencies }) => latencies)),
      coveredMs: Math.min(windowMs, Math.max(0, ...parts.map(({ coveredMs }) => coveredMs))),
    };
  }

  /** What the processes that are there did since each of them started. */
  sinceStart(nowMs: number): FleetTotals {
    const processes = this.processes(nowMs);
    return {
      counters: summed(processes.map(({ counters }) => counters)),
      latencies: merged(processes.map(({ latencies }) => latencies)),
      coveredMs: Math.max(0, ...processes.map(({ atMs, startedAtMs }) => atMs - startedAtMs)),
    };
  }
}

/** Levels of several processes as one. */
export function summed(all: readonly Readings[]): Readings {
  const sums: Record<string, Record<string, number>> = {};
  for (const [name, label, value] of all.flatMap(entriesOf)) {
    const sum = (sums[name] ??= {});
    sum[label] = (sum[label] ?? 0) + value;
  }
  return sums;
}

function merged(all: readonly LatencyReadings[]): LatencyReadings {
  const lists: Record<string, Record<string, LatencyCounts[]>> = {};
  for (const [name, label, value] of all.flatMap(entriesOf)) ((lists[name] ??= {})[label] ??= []).push(value);
  return mapped(lists, (list) => mergedLatencies(list));
}

function snapshotOf({ no, counters, latencies }: ProcessStats, heardAtMs: number): Snapshot {
  return { heardAtMs, no, counters, latencies };
}

/** The first one heard stays until the longest window is over, like every sixth of the others. */
function thin(snapshots: Snapshot[], nowMs: number): void {
  const [first] = snapshots;
  const kept = snapshots.filter((snapshot) => {
    const ageMs = nowMs - snapshot.heardAtMs;
    return ageMs <= RECENT_MS || (ageMs <= KEPT_MS + KEPT_EVERY.older * 1000 && (snapshot === first || snapshot.no % KEPT_EVERY.older === 0));
  });
  if (kept.length < snapshots.length) snapshots.splice(0, snapshots.length, ...kept);
}

function partOf({ latest, heardAtMs, snapshots }: Track, fromMs: number, nowMs: number): FleetTotals {
  const startedMs = heardAtMs - (latest.atMs - latest.startedAtMs);
  if (startedMs >= fromMs) return { counters: latest.counters, latencies: latest.latencies, coveredMs: nowMs - startedMs };
  const base = snapshots.findLast((snapshot) => snapshot.heardAtMs <= fromMs) ?? snapshots[0];
  if (base === undefined) return { counters: {}, latencies: {}, coveredMs: 0 };
  return {
    counters: mapped(latest.counters, (value, name, label) => value - (base.counters[name]?.[label] ?? 0)),
    latencies: mapped(latest.latencies, (value, name, label) => latenciesSince(value, base.latencies[name]?.[label] ?? NO_LATENCIES)),
    coveredMs: nowMs - base.heardAtMs,
  };
}

type Table<T> = Readonly<Record<string, Readonly<Record<string, T>>>>;

function entriesOf<T>(table: Table<T>): readonly (readonly [string, string, T])[] {
  return Object.entries(table).flatMap(([name, values]) => Object.entries(values).map(([label, value]) => [name, label, value] as const));
}

function mapped<T, U>(table: Table<T>, map: (value: T, name: string, label: string) => U): Table<U> {
  return Object.fromEntries(Object.entries(table).map(([name, values]) =>
    [name, Object.fromEntries(Object.entries(values).map(([label, value]) => [label, map(value, name, label)]))]));
}
