import type { Bus, BusSubscription } from '../shared/bus/bus.ts';
import { workerSubject } from '../shared/bus/subjects.ts';
import { ENVELOPE_FLAG, ENVELOPE_TYPE, readBatch, type Envelope } from '../shared/protocol/envelope.ts';
import { laneAt, type GrantedLane, type Lane } from '../shared/protocol/lane.ts';
import { elapsedMs, nowMs, stampUs } from '../shared/runtime/clock.ts';
import type { IngressFrame } from './inbox.ts';
import { Lanes } from './lanes.ts';
import type { WorkerMetrics } from './metrics.ts';
import type { Seat, Sessions } from './sessions.ts';

/** Frames are looked at for this long before the event loop gets its turn. */
const SLICE_MS = 5;
/** A caller is told of shed audio at most this often. */
const TELL_EVERY_MS = 1000;
const TYPE_NAMES = new Map<number, string>(Object.entries(ENVELOPE_TYPE).map(([name, type]) => [type, name]));

export interface IngressOptions {
  readonly bus: Bus;
  readonly workerId: string;
  readonly sessions: Sessions;
  readonly metrics: WorkerMetrics;
  readonly queueSize: number;
  readonly frameDeadlineMs: number;
}

/** Everything gateways send to this worker: into bounded lanes by urgency, out of them to its session, shed when there is too much. */
export class Ingress {
  readonly #options: IngressOptions;
  readonly #lanes: Lanes<Seat>;
  readonly #subscription: BusSubscription;
  #isScheduled = false;

  constructor(options: IngressOptions) {
    this.#options = options;
    this.#lanes = new Lanes(options.queueSize);
    this.#subscription = options.bus.subscribe(workerSubject(options.workerId), ({ data }) => this.#onBatch(data));
  }

  /** Frames and messages waiting, by lane. */
  depths(): ReturnType<Lanes<Seat>['depths']> {
    return this.#lanes.depths();
  }

  /** Hears nothing more; what waits is still looked at. */
  stop(): void {
    this.#subscription.stop();
  }

  #onBatch(batch: Uint8Array): void {
    const arrivedUs = stampUs(nowMs());
    const fault = readBatch(batch, (envelope, flushedUs) => this.#onEnvelope(envelope, flushedUs, arrivedUs));
    if (fault !== undefined) this.#options.metrics.badBatches.inc({ fault });
  }

  #onEnvelope(envelope: Envelope, flushedUs: number, arrivedUs: number): void {
    const { sessions, metrics } = this.#options;
    const seat = sessions.at(envelope.slot);
    if (seat === undefined || seat.session.lease.fence !== envelope.fence) return metrics.staleFence.inc();
    sessions.heardFrom(seat, envelope.type);
    metrics.frames.inc({ type: TYPE_NAMES.get(envelope.type) ?? 'unknown' });
    if (envelope.type === ENVELOPE_TYPE.gone) return;
    const frame = frameOf(envelope, flushedUs, arrivedUs);
    if (laneAt(envelope.lane) === 'control') return seat.session.take(frame);
    if (!seat.inbox.push(frame)) return;
    if (this.#lanes.isFull) this.#makeRoom();
    this.#lanes.push(frame.lane, seat);
    this.#schedule();
  }

  /** A burst of cheap messages is looked at on the spot; only what is still too much then is shed. */
  #makeRoom(): void {
    this.#pump();
    if (!this.#lanes.isFull) return;
    const seat = this.#lanes.shed();
    const frame = seat?.inbox.shift();
    if (seat !== undefined && frame !== undefined) this.#shed(seat, frame, 'queue_full');
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#pump();
      if (this.#lanes.size > 0) this.#schedule();
    });
  }

  #pump(): void {
    const untilMs = nowMs() + SLICE_MS;
    for (let seat = this.#lanes.shift(); seat !== undefined; seat = this.#lanes.shift()) {
      const frame = seat.inbox.shift();
      if (frame !== undefined && this.#options.sessions.at(seat.slot) === seat) this.#lookAt(seat, frame);
      if (nowMs() >= untilMs) return;
    }
  }

  #lookAt(seat: Seat, frame: IngressFrame): void {
    const takenUs = stampUs(nowMs());
    frame.stamps = { ...frame.stamps, takenUs };
    this.#options.metrics.laneWait.observe({ lane: frame.lane }, Math.max(0, elapsedMs(frame.stamps.arrivedUs, takenUs)) / 1000);
    const isLive = frame.type === ENVELOPE_TYPE.audio && !frame.isReplayed;
    // Measured on this host alone: the clocks of two may differ by any amount.
    if (isLive && elapsedMs(frame.stamps.arrivedUs, takenUs) > this.#options.frameDeadlineMs) this.#shed(seat, frame, 'deadline');
    else seat.session.take(frame);
  }

  #shed(seat: Seat, frame: IngressFrame, reason: 'queue_full' | 'deadline'): void {
    this.#options.metrics.shed.inc({ reason });
    const now = nowMs();
    const tellCaller = now - seat.toldOfShedAtMs > TELL_EVERY_MS;
    if (tellCaller) seat.toldOfShedAtMs = now;
    seat.session.shed(frame, tellCaller);
  }
}

function frameOf(envelope: Envelope, flushedUs: number, arrivedUs: number): IngressFrame {
  const lane = laneAt(envelope.lane);
  return {
    type: envelope.type,
    lane: grantedLane(lane),
    seq: envelope.seq,
    isReplayed: (envelope.flags & ENVELOPE_FLAG.replayed) !== 0,
    payload: envelope.payload,
    stamps: { receivedUs: envelope.stampUs, flushedUs, arrivedUs, takenUs: arrivedUs },
  };
}

function grantedLane(lane: Lane): GrantedLane {
  return lane === 'control' ? 'urgent' : lane;
}
