import type { Bus, BusSubscription } from '../shared/bus/bus.ts';
import { workerSubject } from '../shared/bus/subjects.ts';
import { ENVELOPE_FLAG, ENVELOPE_TYPE, holeOfFlags, readBatch, type Envelope } from '../shared/protocol/envelope.ts';
import { laneAt, type GrantedLane, type Lane } from '../shared/protocol/lane.ts';
import { elapsedMs, nowMs, stampUs, usedCpuMs } from '../shared/runtime/clock.ts';
import type { IngressFrame } from './inbox.ts';
import { Lanes } from './lanes.ts';
import type { WorkerMetrics } from './metrics.ts';
import type { Seat } from './seat.ts';
import type { Sessions } from './sessions.ts';
import { Slices } from './slices.ts';

/** So much time may go to making room for a burst, until all of it was looked at: what comes beyond is shed, and the event loop gets its turn. */
const ROOM_MS = 2;
/** What is urgent is looked at beyond the end of a slice, for so long: it would wait for what all else takes, several times where a slice is short. */
const URGENT_MS = 4;
/** A caller is told of shed audio at most this often. */
const TELL_EVERY_MS = 1000;
/** Where all that is sent again waits for ears that are behind: when it is looked again. */
const EAR_WAIT_MS = 1;
/** Frames of one session that wait for its ear; beyond this they do not, because an ear that takes so long is stuck. */
const MOST_WAITING_FOR_EAR = 4000;
/** How often it is looked whether frames that were asked for have come. */
const MISSING_WATCH_MS = 50;

const LANE_LABELS = { urgent: { lane: 'urgent' }, normal: { lane: 'normal' }, bulk: { lane: 'bulk' }, replay: { lane: 'replay' } } as const;

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
  /** Seats that frames are missing of. */
  readonly #missing = new Set<Seat>();
  #missingWatch: NodeJS.Timeout | undefined;
  #earWait: NodeJS.Timeout | undefined;
  readonly #slices = new Slices((forMs) => this.#slice(forMs), usedCpuMs);
  /** Left of ROOM_MS since the lanes were empty last. */
  #roomMs = ROOM_MS;

  constructor(options: IngressOptions) {
    this.#options = options;
    this.#lanes = new Lanes(options.queueSize, mayReplay);
    this.#subscription = options.bus.subscribe(workerSubject(options.workerId), ({ data }) => this.#onBatch(data));
  }

  /** Live frames and messages waiting, by lane. */
  depths(): ReturnType<Lanes<Seat>['depths']> {
    return this.#lanes.depths();
  }

  /** Frames waiting that were sent again. */
  get replaying(): number {
    return this.#lanes.replaying;
  }

  /** Hears nothing more; what waits is still looked at. */
  stop(): void {
    this.#subscription.stop();
    clearInterval(this.#missingWatch);
    clearTimeout(this.#earWait);
  }

  #onBatch(batch: Uint8Array): void {
    const arrivedUs = stampUs(nowMs());
    const fault = readBatch(batch, (envelope, flushedUs) => this.#onEnvelope(envelope, flushedUs, arrivedUs));
    if (fault !== undefined) this.#options.metrics.badBatches.inc({ fault });
  }

  #onEnvelope(envelope: Envelope, flushedUs: number, arrivedUs: number): void {
    const { sessions, metrics } = this.#options;
    const seat = sessions.at(envelope.slot);
    if (seat === undefined || seat.session.lease.fence !== envelope.fence) {
      sessions.heardAmiss(envelope.slot, envelope.fence);
      return metrics.staleFence.inc();
    }
    metrics.frames.count(envelope.type);
    if (sessions.heardFrom(seat, envelope.type, envelope.seq)) return;
    const frame = frameOf(envelope, flushedUs, arrivedUs);
    if (laneAt(envelope.lane) === 'control') return seat.session.take(frame);
    const arrival = seat.inbox.push(frame);
    if (arrival === 'taken') this.#queue(seat, frame);
    else if (arrival === 'jump') this.#askFor(seat);
  }

  #queue(seat: Seat, frame: IngressFrame): void {
    if (frame.isReplayed) {
      this.#options.metrics.replayedFrames.inc();
      this.#lanes.push('replay', seat);
    } else {
      if (this.#lanes.isFull) this.#makeRoom();
      this.#lanes.push(frame.lane, seat);
    }
    this.#slices.begin();
  }

  /** What the bus lost is asked for, until it comes or the sender is known not to understand. */
  #askFor(seat: Seat): void {
    if (seat.inbox.mayAsk(nowMs())) {
      this.#options.metrics.repairs.inc({ direction: 'ingress' });
      seat.session.egress.resend(seat.inbox.newest);
    }
    this.#missing.add(seat);
    this.#missingWatch ??= setInterval(() => this.#watchMissing(), MISSING_WATCH_MS);
  }

  #watchMissing(): void {
    for (const seat of this.#missing) {
      if (!seat.inbox.isMissingFrames || this.#options.sessions.at(seat.slot) !== seat) this.#missing.delete(seat);
      else this.#askFor(seat);
    }
    if (this.#missing.size > 0) return;
    clearInterval(this.#missingWatch);
    this.#missingWatch = undefined;
  }

  /** A burst of cheap messages is looked at on the spot; only what is still too much then is shed, the least urgent first. */
  #makeRoom(): void {
    this.#pumpForRoom();
    if (!this.#lanes.isFull) return;
    const seat = this.#lanes.shed();
    const frame = seat?.inbox.shift();
    if (seat === undefined || frame === undefined) return;
    if (frame.isReplayed) this.#lookAt(seat, frame, nowMs());
    else this.#shed(seat, frame, 'queue_full');
  }

  /** Whoever makes room for all of a flood never gets to the rest of the turn, in which answers leave. */
  #pumpForRoom(): void {
    if (this.#roomMs <= 0) return;
    const fromMs = nowMs();
    this.#pump(this.#roomMs);
    this.#roomMs -= nowMs() - fromMs;
  }

  #slice(forMs: number): boolean {
    if (!this.#pump(forMs)) return false;
    this.#roomMs = ROOM_MS;
    if (this.#lanes.replaying > 0) this.#waitForEars();
    return true;
  }

  #waitForEars(): void {
    this.#earWait ??= setTimeout(() => {
      this.#earWait = undefined;
      this.#slices.begin();
    }, EAR_WAIT_MS);
  }

  /** Looks at frames for a while, and at urgent ones for a while more; true once nothing waits that can be looked at. */
  #pump(forMs: number): boolean {
    const fromMs = nowMs();
    for (let now = fromMs; now - fromMs < forMs; now = nowMs()) {
      const seat = this.#lanes.shift();
      if (seat === undefined) return true;
      this.#lookAtNext(seat, now);
    }
    for (let now = nowMs(); now - fromMs < forMs + URGENT_MS; now = nowMs()) {
      const seat = this.#lanes.shiftUrgent();
      if (seat === undefined) return false;
      this.#lookAtNext(seat, now);
    }
    return false;
  }

  #lookAtNext(seat: Seat, nowMs: number): void {
    const frame = seat.inbox.shift();
    if (frame !== undefined && this.#options.sessions.at(seat.slot) === seat) this.#lookAt(seat, frame, nowMs);
  }

  #lookAt(seat: Seat, frame: IngressFrame, nowMs: number): void {
    const takenUs = stampUs(nowMs);
    frame.takenUs = takenUs;
    this.#options.metrics.laneWait.observe(LANE_LABELS[frame.isReplayed ? 'replay' : frame.lane], Math.max(0, elapsedMs(frame.arrivedUs, takenUs)) / 1000);
    const isLive = frame.type === ENVELOPE_TYPE.audio && !frame.isReplayed;
    // Measured on this host alone: the clocks of two may differ by any amount.
    if (isLive && elapsedMs(frame.arrivedUs, takenUs) > this.#options.frameDeadlineMs) this.#shed(seat, frame, 'deadline');
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

/**
 * Audio sent again comes faster than it can be heard: it waits until the ear has judged what came before, because speech is
 * cut out of what the ear still holds.
 */
function mayReplay({ inbox, session }: Seat): boolean {
  return inbox.next?.type !== ENVELOPE_TYPE.audio || !session.isEarBehind || inbox.length > MOST_WAITING_FOR_EAR;
}

function frameOf(envelope: Envelope, flushedUs: number, arrivedUs: number): IngressFrame {
  const lane = laneAt(envelope.lane);
  return {
    type: envelope.type,
    lane: grantedLane(lane),
    seq: envelope.seq,
    isReplayed: (envelope.flags & ENVELOPE_FLAG.replayed) !== 0,
    hole: holeOfFlags(envelope.flags),
    payload: envelope.payload,
    receivedUs: envelope.stampUs,
    flushedUs,
    arrivedUs,
    takenUs: arrivedUs,
  };
}

function grantedLane(lane: Lane): GrantedLane {
  return lane === 'control' ? 'urgent' : lane;
}
