import type { ErrorContext, ErrorGroup } from '../../shared/protocol/fleet-snapshot.ts';
import type { Notice } from '../../shared/protocol/notice.ts';

/** Codes are a closed set far smaller than this; those of other versions may come on top. The one seen longest ago makes room. */
const MOST_CODES = 100;
/** Remembered of each code with where it was: one that comes by the thousand does not push out the rare one. */
const MOST_CONTEXTS = 20;
/** Processes told apart by code; what is beyond is counted as `(other)`. */
const MOST_PROCESSES = 50;

interface Group {
  count: number;
  readonly firstAtMs: number;
  lastAtMs: number;
  readonly byProcess: Map<string, number>;
  /** The newest first. */
  readonly last: ErrorContext[];
}

/** The errors of the fleet by code: how many, since when, and the last ones with their contexts. Never what was said. */
export class ErrorJournal {
  /** By code, the one seen last at the end. */
  readonly #groups = new Map<string, Group>();

  /** Takes in a notice of kind `error`; one without a code is written down as `internal`. */
  hear({ atMs, processId, code = 'internal', errorId, sessionId, detail }: Notice): void {
    const group = this.#groups.get(code) ?? { count: 0, firstAtMs: atMs, lastAtMs: atMs, byProcess: new Map<string, number>(), last: [] };
    group.count += 1;
    group.lastAtMs = Math.max(group.lastAtMs, atMs);
    const place = group.byProcess.has(processId) || group.byProcess.size < MOST_PROCESSES ? processId : '(other)';
    group.byProcess.set(place, (group.byProcess.get(place) ?? 0) + 1);
    group.last.unshift({ at_ms: atMs, process_id: processId, error_id: errorId ?? null, session_id: sessionId ?? null, detail: detail ?? null });
    group.last.splice(MOST_CONTEXTS);
    this.#groups.delete(code);
    this.#groups.set(code, group);
    for (const oldest of this.#groups.keys()) {
      if (this.#groups.size <= MOST_CODES) break;
      this.#groups.delete(oldest);
    }
  }

  /** The code seen last first, each with its newest `contexts`. */
  groups(contexts = MOST_CONTEXTS): readonly ErrorGroup[] {
    return [...this.#groups].reverse().map(([code, { count, firstAtMs, lastAtMs, byProcess, last }]) => ({
      code, count, first_at_ms: firstAtMs, last_at_ms: lastAtMs, by_process: Object.fromEntries(byProcess), last: last.slice(0, contexts),
    }));
  }
}
