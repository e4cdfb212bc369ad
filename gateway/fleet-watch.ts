import type { Bus } from '../shared/bus/bus.ts';
import { FleetView } from '../shared/bus/fleet-view.ts';
import { FLEET_SUBJECT } from '../shared/bus/subjects.ts';
import { HEARTBEAT_INTERVAL_MS, type WorkerHeartbeat } from '../shared/protocol/heartbeat.ts';
import { unpack } from '../shared/protocol/structured.ts';
import { nowMs } from '../shared/runtime/clock.ts';

/** After an outage a worker may be back at the bus later than we are: its client waits 250 ms and up to a second more. */
const RETURN_GRACE_MS = 2000;
/** How soon frames that found nobody are sent again meanwhile. */
const SEND_AGAIN_MS = 200;

export interface FleetListener {
  /** A worker is gone: frozen, cut off or dead. */
  onLost(workerId: string): void;
  /** Frames for a worker found nobody there, but it may only be late in coming back after an outage. */
  onMissed(workerId: string): void;
}

/** Judges which workers are gone: by NATS's word that nobody listens, and by heartbeats where NATS itself notices nothing. */
export class FleetWatch {
  readonly #bus: Bus;
  readonly #lostAfterMs: number;
  readonly #view: FleetView;
  readonly #listener: FleetListener;
  readonly #timer: NodeJS.Timeout;
  readonly #missed = new Set<string>();
  /** Since when heartbeats could have arrived. */
  #listeningSinceMs = nowMs();
  #checkedAtMs = nowMs();
  #returnedAtMs = -Infinity;

  constructor(bus: Bus, lostAfterMs: number, listener: FleetListener) {
    this.#bus = bus;
    this.#lostAfterMs = lostAfterMs;
    this.#view = new FleetView(lostAfterMs);
    this.#listener = listener;
    bus.subscribe(FLEET_SUBJECT, ({ data }) => this.#hear(data));
    bus.onConnection(() => {
      this.#listeningSinceMs = nowMs();
      this.#returnedAtMs = nowMs();
    });
    this.#timer = setInterval(() => this.#check(), HEARTBEAT_INTERVAL_MS);
  }

  /** Workers that take sessions, by their newest heartbeats. */
  get readyWorkers(): number {
    return this.#view.totals().workers;
  }

  /** Whether a worker that did not answer is gone, as far as that can be known now. */
  isGone(workerId: string, failure: 'no_responders' | 'timeout'): boolean {
    if (failure === 'no_responders') return !this.#isReturning();
    return this.#canJudge(nowMs()) && !this.#view.heartbeats().some((heartbeat) => heartbeat.workerId === workerId);
  }

  /** NATS says that nobody listens where frames for this worker went. */
  noResponders(workerId: string): void {
    if (!this.#isReturning()) return this.#lose(workerId);
    if (this.#missed.has(workerId)) return;
    this.#missed.add(workerId);
    setTimeout(() => {
      this.#missed.delete(workerId);
      this.#listener.onMissed(workerId);
    }, SEND_AGAIN_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #hear(data: Uint8Array): void {
    const heartbeat = unpack<WorkerHeartbeat>(data);
    if (heartbeat !== undefined) this.#view.hear(heartbeat, nowMs());
  }

  #lose(workerId: string): void {
    this.#view.forget(workerId);
    this.#listener.onLost(workerId);
  }

  #check(): void {
    const now = nowMs();
    const lateMs = now - this.#checkedAtMs - HEARTBEAT_INTERVAL_MS;
    this.#checkedAtMs = now;
    // When it was us who stood still, heartbeats wait unread: judge when they have been.
    if (lateMs > HEARTBEAT_INTERVAL_MS || !this.#canJudge(now)) return;
    for (const workerId of this.#view.takeLost(now)) this.#listener.onLost(workerId);
  }

  #canJudge(now: number): boolean {
    return this.#bus.connected && now - this.#listeningSinceMs > this.#lostAfterMs && !this.#isReturning();
  }

  #isReturning(): boolean {
    return nowMs() - this.#returnedAtMs < RETURN_GRACE_MS;
  }
}
