import type { ErrorGroup, FleetEvent, FleetEventKind } from '../../shared/protocol/fleet-snapshot.ts';
import { noticeOf } from '../../shared/protocol/notice.ts';
import type { Tier } from '../../shared/protocol/process-stats.ts';
import { ErrorJournal } from './error-journal.ts';

/** Events remembered; older ones make room. */
const MOST_EVENTS = 100;
/** What is alike within this is one event: a worker that is lost has many calls, and every gateway says so. */
const ALIKE_MS = 5000;
/** How far back it is looked for something alike. */
const LOOKED_AT = 10;
/** Processes and sessions named in one event. */
const MOST_NAMES = 20;

/** What is noted: by whom, of whom, when. */
export interface Occurrence {
  readonly kind: FleetEventKind;
  readonly tier: Tier;
  readonly atMs: number;
  readonly processId: string;
  readonly sessionId?: string;
  readonly detail?: string;
}

/** What happened in the fleet lately, as its processes told it: errors in a journal, everything else as events. */
export class NoticeBoard {
  readonly #errors = new ErrorJournal();
  /** The newest first. */
  readonly #events: FleetEvent[] = [];
  #leftOut = 0;

  /** Notices that processes did not send because there were too many: so much is missing here, the counters have all of it. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Takes in the unpacked body of a notice. What is none, or is of a kind that only another version knows, is passed over. */
  hear(said: unknown): void {
    const notice = noticeOf(said);
    if (notice === undefined) return;
    this.#leftOut += notice.leftOut ?? 0;
    if (notice.kind === 'error') this.#errors.hear(notice);
    else this.note({ ...notice, kind: notice.kind });
  }

  /** Writes down what happened; joined with something alike that happened just before. */
  note({ kind, tier, atMs, processId, sessionId, detail = '' }: Occurrence): void {
    const isAlike = (event: FleetEvent): boolean =>
      event.kind === kind && event.tier === tier && event.detail === detail && Math.abs(atMs - event.last_at_ms) <= ALIKE_MS;
    const at = this.#events.slice(0, LOOKED_AT).findIndex(isAlike);
    const [known] = at === -1 ? [] : this.#events.splice(at, 1);
    this.#events.unshift({
      kind, tier, detail,
      at_ms: known?.at_ms ?? atMs, last_at_ms: Math.max(known?.last_at_ms ?? atMs, atMs), count: (known?.count ?? 0) + 1,
      process_ids: withName(known?.process_ids ?? [], processId), session_ids: withName(known?.session_ids ?? [], sessionId),
    });
    this.#events.splice(MOST_EVENTS);
  }

  /** The code seen last first, with the newest `contexts` of each. */
  errors(contexts?: number): readonly ErrorGroup[] {
    return this.#errors.groups(contexts);
  }

  /** The newest `count`, the newest first. */
  events(count = MOST_EVENTS): readonly FleetEvent[] {
    return this.#events.slice(0, count);
  }
}

function withName(names: readonly string[], name: string | undefined): readonly string[] {
  return name === undefined || names.length >= MOST_NAMES || names.includes(name) ? names : [...names, name];
}
