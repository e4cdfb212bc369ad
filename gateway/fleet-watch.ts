import { BusError, type Bus } from '../shared/bus/bus.ts';
import { FleetView } from '../shared/bus/fleet-view.ts';
import { longestPauseMs } from '../shared/bus/reconnection.ts';
import { FLEET_SUBJECT, workerSubject } from '../shared/bus/subjects.ts';
import { BatchEncoder } from '../shared/protocol/envelope.ts';
import { HEARTBEAT_INTERVAL_MS, type WorkerHeartbeat } from '../shared/protocol/heartbeat.ts';
import { unpack } from '../shared/protocol/structured.ts';
import { nowMs, stampUs } from '../shared/runtime/clock.ts';
import type { Logger } from '../shared/runtime/log.ts';
import { pause } from '../shared/runtime/pause.ts';

/** Nobody listened at a worker for so long: a worker whose NATS node died is at another by then. */
const UNHEARD_FOR_MS = 120;
const ASK_AGAIN_MS = 40;
/** How often it is looked whether heartbeats have stopped. */
const CHECK_EVERY_MS = 50;
/** For connecting anew, beyond the pause before it. */
const CONNECT_MS = 500;

export interface FleetListener {
  /** A worker is gone: frozen, cut off or dead. */
  onLost(workerId: string): void;
  /** Frames for a worker found nobody there, but now it listens: they are to be sent again. */
  onMissed(workerId: string): void;
}

/**
 * Judges which workers are gone: those where NATS says, several times over `UNHEARD_FOR_MS`, that nobody listens, and those
 * whose heartbeats stop where NATS itself notices nothing. A gateway that was away, stood still or hears nothing because its
 * own NATS node stands still judges nobody.
 */
export class FleetWatch {
  readonly #bus: Bus;
  readonly #lostAfterMs: number;
  readonly #view: FleetView;
  readonly #listener: FleetListener;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  readonly #stopped = new AbortController();
  /** Workers about whom the bus is being asked; the answers say whether they are lost. */
  readonly #doubts = new Map<string, Promise<boolean>>();
  #checkedAtMs = nowMs();
  /** Since when heartbeats could have arrived. */
  #listeningSinceMs = nowMs();
  #awaySinceMs = nowMs();
  /** Until then a worker may still be on its way back from an outage that we are back from. */
  #returningUntilMs = -Infinity;

  constructor(bus: Bus, lostAfterMs: number, listener: FleetListener, log: Logger) {
    this.#bus = bus;
    this.#lostAfterMs = lostAfterMs;
    this.#view = new FleetView(lostAfterMs);
    this.#listener = listener;
    this.#log = log;
    bus.subscribe(FLEET_SUBJECT, ({ data }) => this.#hear(data));
    bus.onConnection((connected) => this.#onConnection(connected));
    this.#timer = setInterval(() => this.#check(), CHECK_EVERY_MS);
  }

  /** Workers that take sessions, by their newest heartbeats. */
  get readyWorkers(): number {
    return this.#view.totals().workers;
  }

  /** A worker with much room, to be asked for a place first; undefined where any is as good. */
  lighter(): string | undefined {
    return this.#view.lighter(nowMs(), Math.random);
  }

  /** Whether a worker that did not answer is gone, as far as that can be known; waits until it is known. */
  async isGone(workerId: string, failure: 'no_responders' | 'timeout'): Promise<boolean> {
    if (failure === 'no_responders') return this.#doubt(workerId, (sinceMs) => this.#isUnheard(workerId, sinceMs));
    return this.#canJudge(nowMs()) && this.#view.heardAtMs(workerId) === undefined;
  }

  /** NATS says that nobody listens where frames for this worker went. */
  noResponders(workerId: string): void {
    void this.#doubt(workerId, (sinceMs) => this.#isUnheard(workerId, sinceMs));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#stopped.abort();
  }

  #hear(data: Uint8Array): void {
    const heartbeat = unpack<WorkerHeartbeat>(data);
    if (heartbeat === undefined) return;
    if (heartbeat.state === 'stopped') this.#view.forget(heartbeat.workerId);
    else this.#view.hear(heartbeat, nowMs());
  }

  #onConnection(connected: boolean): void {
    const now = nowMs();
    if (!connected) {
      this.#awaySinceMs = now;
      return;
    }
    this.#listeningSinceMs = now;
    this.#returningUntilMs = now + longestPauseMs(now - this.#awaySinceMs) + CONNECT_MS;
  }

  /** One inquiry a worker at a time, whoever asks; a worker found to be lost is said to be, once. */
  #doubt(workerId: string, isLost: (sinceMs: number) => Promise<boolean>): Promise<boolean> {
    const known = this.#doubts.get(workerId);
    if (known !== undefined) return known;
    const doubt = this.#judge(workerId, isLost).finally(() => this.#doubts.delete(workerId));
    this.#doubts.set(workerId, doubt);
    return doubt;
  }

  async #judge(workerId: string, isLost: (sinceMs: number) => Promise<boolean>): Promise<boolean> {
    try {
      const lost = await isLost(nowMs());
      if (lost) this.#lose(workerId);
      return lost;
    } catch (error) {
      this.#log.error({ err: error, workerId }, 'whether a worker is lost could not be judged');
      return false;
    }
  }

  /** Asks the bus until somebody listens at the worker, or nobody did for long enough. */
  async #isUnheard(workerId: string, sinceMs: number): Promise<boolean> {
    while (await pause(ASK_AGAIN_MS, this.#stopped.signal)) {
      const listens = await this.#listens(workerId);
      if (listens === undefined) return false;
      if (listens) {
        this.#listener.onMissed(workerId);
        return false;
      }
      const now = nowMs();
      const hasBeaten = (this.#view.heardAtMs(workerId) ?? 0) > sinceMs && now - sinceMs < this.#lostAfterMs;
      if (!hasBeaten && now > Math.max(sinceMs + UNHEARD_FOR_MS, this.#returningUntilMs)) return true;
    }
    return false;
  }

  /** Silent it is; but an answer of our own server must show that it is not us who hear nothing. */
  async #isSilent(workerId: string): Promise<boolean> {
    const listens = await this.#listens(workerId);
    return listens !== undefined && this.#canJudge(nowMs()) && this.#view.silent(nowMs()).includes(workerId);
  }

  /** Undefined while the bus is away: after an outage everything is sent again, and judged anew. */
  async #listens(workerId: string): Promise<boolean | undefined> {
    try {
      return await this.#bus.hasListener(workerSubject(workerId), new BatchEncoder().flush(stampUs(nowMs())));
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      return undefined;
    }
  }

  #lose(workerId: string): void {
    if (this.#stopped.signal.aborted) return;
    this.#view.forget(workerId);
    this.#listener.onLost(workerId);
  }

  #check(): void {
    const now = nowMs();
    const lateMs = now - this.#checkedAtMs - CHECK_EVERY_MS;
    this.#checkedAtMs = now;
    // When it was us who stood still, heartbeats wait unread: judge when they have been.
    if (lateMs > HEARTBEAT_INTERVAL_MS || !this.#canJudge(now)) return;
    for (const workerId of this.#view.silent(now)) void this.#doubt(workerId, () => this.#isSilent(workerId));
  }

  #canJudge(now: number): boolean {
    return this.#bus.connected && now - this.#listeningSinceMs > this.#lostAfterMs && now > this.#returningUntilMs;
  }
}
