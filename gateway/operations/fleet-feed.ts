import { VoxError } from '../../shared/runtime/errors.ts';
import { Counter, Gauge, type Registry } from '../../shared/runtime/metrics.ts';
import type { AnswerSink, HttpAnswer } from '../http/exchange.ts';

/** Time from one snapshot to the next. */
const INTERVAL_MS = 1000;
/** More pages than operators have open. */
const MOST_VIEWERS = 32;
/** Snapshots in a row that a viewer may miss because it did not take those before. */
const MOST_MISSED = 5;

export interface FleetFeedOptions {
  /** Whole, for who has just come; after that what is new suffices. */
  readonly snapshot: (isWhole: boolean) => object;
  readonly registry: Registry;
  /** Default 1000. */
  readonly intervalMs?: number;
}

/** Server-sent events of how the fleet is: made once a second for all who look, and not at all where nobody does. */
export class FleetFeed {
  readonly #snapshot: (isWhole: boolean) => object;
  readonly #intervalMs: number;
  readonly #dropped: Counter;
  /** Snapshots in a row that each has missed. */
  readonly #viewers = new Map<AnswerSink, number>();
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor({ snapshot, registry, intervalMs = INTERVAL_MS }: FleetFeedOptions) {
    this.#snapshot = snapshot;
    this.#intervalMs = intervalMs;
    const registers = [registry];
    this.#dropped = new Counter({ name: 'voxfleet_gateway_viewers_dropped_total', help: 'Viewers of the live page cut off because they took nothing for five seconds; they come back by themselves, look at their network.', registers });
    const viewers: Gauge = new Gauge({ name: 'voxfleet_gateway_viewers', help: 'Viewers of the live page; at 32 more are refused, spread them over the gateways.', registers, collect: () => viewers.set(this.#viewers.size) });
  }

  /** A stream whose first snapshot comes at once. Throws VoxError `too_many_connections` for too many viewers, `draining` after the end. */
  answer(): HttpAnswer {
    if (this.#isOver) throw new VoxError('draining', 'this gateway is shutting down; another one tells the same', INTERVAL_MS);
    if (this.#viewers.size >= MOST_VIEWERS) throw new VoxError('too_many_connections', `expected at most ${MOST_VIEWERS} viewers of this gateway`, INTERVAL_MS);
    const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
    return { status: 200, headers, body: '', stream: (sink) => this.#join(sink) };
  }

  /** Ends every stream; nobody may look from now on. */
  end(): void {
    this.#isOver = true;
    clearInterval(this.#timer);
    for (const sink of this.#viewers.keys()) sink.end();
    this.#viewers.clear();
  }

  #join(sink: AnswerSink): () => void {
    // Since the request was answered the end may have come, or others.
    if (this.#isOver || this.#viewers.size >= MOST_VIEWERS) {
      sink.end();
      return () => undefined;
    }
    this.#viewers.set(sink, 0);
    sink.write(eventOf(this.#snapshot(true)));
    this.#timer ??= setInterval(() => this.#tellAll(), this.#intervalMs);
    return () => this.#leave(sink);
  }

  #tellAll(): void {
    const event = eventOf(this.#snapshot(false));
    for (const [sink, missed] of [...this.#viewers]) {
      if (sink.write(event)) this.#viewers.set(sink, 0);
      else if (missed + 1 < MOST_MISSED) this.#viewers.set(sink, missed + 1);
      else this.#drop(sink);
    }
  }

  #drop(sink: AnswerSink): void {
    this.#dropped.inc();
    this.#leave(sink);
    sink.cut();
  }

  #leave(sink: AnswerSink): void {
    this.#viewers.delete(sink);
    if (this.#viewers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function eventOf(snapshot: object): string {
  return `data: ${JSON.stringify(snapshot)}\n\n`;
}
