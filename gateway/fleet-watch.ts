import type { Bus } from '../shared/bus/bus.ts';
import { FleetView } from '../shared/bus/fleet-view.ts';
import { FLEET_SUBJECT } from '../shared/bus/subjects.ts';
import { HEARTBEAT_INTERVAL_MS, type WorkerHeartbeat } from '../shared/protocol/heartbeat.ts';
import { unpack } from '../shared/protocol/structured.ts';
import { nowMs } from '../shared/runtime/clock.ts';

/** Listens to heartbeats and says which workers fell silent: frozen or cut off, where NATS itself notices nothing. */
export class FleetWatch {
  readonly #bus: Bus;
  readonly #lostAfterMs: number;
  readonly #view: FleetView;
  readonly #onLost: (workerId: string) => void;
  readonly #timer: NodeJS.Timeout;
  /** Since when heartbeats could have arrived. */
  #listeningSinceMs = nowMs();
  #checkedAtMs = nowMs();

  constructor(bus: Bus, lostAfterMs: number, onLost: (workerId: string) => void) {
    this.#bus = bus;
    this.#lostAfterMs = lostAfterMs;
    this.#view = new FleetView(lostAfterMs);
    this.#onLost = onLost;
    bus.subscribe(FLEET_SUBJECT, ({ data }) => this.#hear(data));
    bus.onConnection(() => (this.#listeningSinceMs = nowMs()));
    this.#timer = setInterval(() => this.#check(), HEARTBEAT_INTERVAL_MS);
  }

  /** Workers that take sessions, by their newest heartbeats. */
  get readyWorkers(): number {
    return this.#view.totals().workers;
  }

  /** Whether a worker's heartbeats arrive, as far as that can be known: true where we have not listened for long enough. */
  isHeard(workerId: string): boolean {
    return !this.#canJudge(nowMs()) || this.#view.heartbeats().some((heartbeat) => heartbeat.workerId === workerId);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #hear(data: Uint8Array): void {
    const heartbeat = unpack<WorkerHeartbeat>(data);
    if (heartbeat !== undefined) this.#view.hear(heartbeat, nowMs());
  }

  #check(): void {
    const now = nowMs();
    const lateMs = now - this.#checkedAtMs - HEARTBEAT_INTERVAL_MS;
    this.#checkedAtMs = now;
    // When it was us who stood still, heartbeats wait unread: judge when they have been.
    if (lateMs > HEARTBEAT_INTERVAL_MS || !this.#canJudge(now)) return;
    for (const workerId of this.#view.takeLost(now)) this.#onLost(workerId);
  }

  #canJudge(now: number): boolean {
    return this.#bus.connected && now - this.#listeningSinceMs > this.#lostAfterMs;
  }
}
