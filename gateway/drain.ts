import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from '../shared/runtime/clock.ts';
import type { CloseName } from '../shared/runtime/errors.ts';
import type { Lifecycle } from '../shared/runtime/lifecycle.ts';
import type { Logger } from '../shared/runtime/log.ts';

const CHECK_EVERY_MS = 50;
/** From one wave of callers who are asked to leave to the next; they come back elsewhere spread over as long. */
const WAVE_MS = 250;
/** For the close frames of those who had to leave. */
const FAREWELL_MS = 250;

/** A caller as a draining gateway sees one. */
export interface Leaver {
  /** Asks the client to come back after so long, elsewhere; false where it cannot resume. */
  goAway(reconnectAfterMs: number): boolean;
}

/** The callers of a gateway. */
export interface Leavers {
  readonly count: number;
  all(): Iterable<Leaver>;
  leaveAll(name: CloseName): void;
}

/** How callers left a draining gateway: asked to resume elsewhere, gone by themselves or as asked, cut at the deadline. */
export type DrainStep = 'asked' | 'left' | 'cut';

export interface DrainOptions {
  readonly lifecycle: Lifecycle;
  readonly connections: Leavers;
  /** Those who can resume are asked to leave spread over this time. */
  readonly spreadMs: number;
  readonly deadlineMs: number;
  readonly log: Logger;
  readonly count: (step: DrainStep, callers: number) => void;
}

/**
 * Lets calls end: takes nothing new (`draining` makes readiness false and upgrades 503), asks those who can resume to come
 * back elsewhere, in jittered waves, waits until the last caller has left or the deadline is over, and closes who is left then
 * with 1012. What became of them is one log line and counted as it happens.
 */
export async function drain(options: DrainOptions): Promise<void> {
  const { lifecycle, connections, deadlineMs, log, count } = options;
  if (!lifecycle.enter('draining')) return;
  const startedMs = nowMs();
  const tally = { connectionsAtStart: connections.count, asked: 0, left: 0, cut: 0 };
  log.info({ connections: tally.connectionsAtStart, deadlineMs }, 'draining');
  const waves = new Waves(Math.min(options.spreadMs, deadlineMs), startedMs);
  let present = connections.count;
  while (connections.count > 0 && nowMs() - startedMs < deadlineMs) {
    const asked = waves.ask(connections.all(), nowMs());
    tally.asked += asked;
    count('asked', asked);
    await sleep(CHECK_EVERY_MS);
    const left = Math.max(0, present - connections.count);
    tally.left += left;
    count('left', left);
    present = connections.count;
  }
  if (present > 0) {
    tally.cut = present;
    count('cut', present);
    connections.leaveAll('restarting');
    await sleep(FAREWELL_MS);
  }
  log.info({ ...tally, durationMs: Math.round(nowMs() - startedMs) }, 'drained');
}

/** Spreads asking over time: each caller gets a moment by lot, and is asked with the wave that follows it. */
export class Waves {
  readonly #spreadMs: number;
  readonly #startedMs: number;
  readonly #moments = new WeakMap<Leaver, number>();
  readonly #asked = new WeakSet<Leaver>();
  #lastWaveMs = -Infinity;

  constructor(spreadMs: number, startedMs: number) {
    this.#spreadMs = spreadMs;
    this.#startedMs = startedMs;
  }

  /** Asks those whose turn it is, and of whoever came meanwhile; who cannot resume yet is asked again. Answers how many were asked. */
  ask(leavers: Iterable<Leaver>, now: number): number {
    if (now - this.#lastWaveMs < WAVE_MS) return 0;
    this.#lastWaveMs = now;
    const due = [...leavers].filter((leaver) => !this.#asked.has(leaver) && this.#momentOf(leaver) <= now);
    const asked = due.filter((leaver) => leaver.goAway(Math.round(Math.random() * WAVE_MS)));
    for (const leaver of asked) this.#asked.add(leaver);
    return asked.length;
  }

  #momentOf(leaver: Leaver): number {
    const known = this.#moments.get(leaver);
    if (known !== undefined) return known;
    const momentMs = this.#startedMs + Math.random() * Math.max(0, this.#spreadMs - WAVE_MS);
    this.#moments.set(leaver, momentMs);
    return momentMs;
  }
}
