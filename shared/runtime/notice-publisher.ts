import type { Bus } from '../bus/bus.ts';
import { NOTICES_SUBJECT } from '../bus/subjects.ts';
import type { Notice } from '../protocol/notice.ts';
import type { Tier } from '../protocol/process-stats.ts';
import { pack } from '../protocol/structured.ts';
import { nowMs, wallMs } from './clock.ts';
import { ERROR_TABLE, type ErrorCode } from './errors.ts';
import { Counter, type Registry } from './metrics.ts';
import { TokenBucket } from './token-bucket.ts';

/** What one process tells at most: more would not be read, and is counted instead. */
const MOST = { perSecond: 50, burst: 200 };
/** Of that, for errors that callers made themselves: strangers who knock do not push out what went wrong here. */
const MOST_MINOR = { perSecond: 10, burst: 50 };
/** An HTTP status from here on is our fault, below it is the asker's. */
const OURS_FROM_STATUS = 500;
/** Told while the bus is away, and sent once it is back. */
const MOST_WAITING = 100;

/** What is told: the publisher adds by whom and when. */
export type Tidings = Omit<Notice, 'atMs' | 'processId' | 'tier' | 'leftOut' | 'code'> & { readonly code?: ErrorCode };

export interface NoticePublisherOptions {
  readonly bus: Pick<Bus, 'publish' | 'onConnection'>;
  /** GATEWAY_ID or WORKER_ID. */
  readonly processId: string;
  readonly tier: Tier;
  readonly registry: Registry;
  /** Never goes back; default this process's clock. */
  readonly clockMs?: () => number;
}

/** Tells operators what happens in this process, on `vox.notices`: bounded, and never waited for. */
export class NoticePublisher {
  readonly #options: NoticePublisherOptions;
  readonly #clockMs: () => number;
  readonly #bucket = new TokenBucket(MOST);
  readonly #minorBucket = new TokenBucket(MOST_MINOR);
  readonly #leftOutTotal: Counter;
  #waiting: Notice[] = [];
  #leftOut = 0;

  constructor(options: NoticePublisherOptions) {
    this.#options = options;
    this.#clockMs = options.clockMs ?? nowMs;
    this.#leftOutTotal = new Counter({
      name: 'voxfleet_notices_left_out_total', registers: [options.registry],
      help: 'Notices and their log lines that were left out because there were too many or the bus was away for long; the counters of errors and takeovers hold all of them.',
    });
    options.bus.onConnection((isConnected) => {
      if (isConnected) this.#sendWaiting();
    });
  }

  /** Tells it now, or when the bus is back. False where there were too many lately: it is counted, and the next notice says how many. */
  tell(tidings: Tidings): boolean {
    if (!this.#mayTell(tidings)) return this.#leaveOut();
    const { processId, tier } = this.#options;
    const leftOut = this.#leftOut === 0 ? {} : { leftOut: this.#leftOut };
    const notice: Notice = { atMs: Math.round(wallMs()), processId, tier, ...tidings, ...leftOut };
    if (!this.#send(notice)) {
      if (this.#waiting.length >= MOST_WAITING) return this.#leaveOut();
      this.#waiting.push(notice);
    }
    this.#leftOut = 0;
    return true;
  }

  #mayTell({ code }: Tidings): boolean {
    const now = this.#clockMs();
    const isMinor = code !== undefined && ERROR_TABLE[code].status < OURS_FROM_STATUS;
    return (!isMinor || this.#minorBucket.take(now)) && this.#bucket.take(now);
  }

  #leaveOut(): false {
    this.#leftOut += 1;
    this.#leftOutTotal.inc();
    return false;
  }

  #send(notice: Notice): boolean {
    return this.#options.bus.publish(NOTICES_SUBJECT, pack(notice));
  }

  #sendWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const notice of waiting) if (!this.#send(notice)) this.#leaveOut();
  }
}
