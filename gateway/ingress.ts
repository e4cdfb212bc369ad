import { Batchers } from '../shared/bus/batchers.ts';
import type { Bus } from '../shared/bus/bus.ts';
import { lostSubject, workerOfLostSubject, workerSubject } from '../shared/bus/subjects.ts';
import { ENVELOPE_TYPE, type Envelope } from '../shared/protocol/envelope.ts';
import { laneIndex } from '../shared/protocol/lane.ts';
import { nowMs, stampUs } from '../shared/runtime/clock.ts';

/** Where a session's ingress goes: its owner, the owner's number for it, and the fence it goes under. */
export interface Route {
  readonly workerId: string;
  readonly workerSlot: number;
  readonly fence: number;
}

/** Envelopes without payload that travel in the control lane. */
export type ControlType = (typeof ENVELOPE_TYPE)['cancel' | 'played' | 'gone' | 'received' | 'again'];

const NO_PAYLOAD = new Uint8Array(0);
const CONTROL = laneIndex('control');
/** Callers that hung up while the bus was away; beyond this the workers find out by their own grace. */
const MOST_PARTINGS = 20_000;

/** Everything this gateway sends to workers: one batcher per worker, whatever the lane. */
export class Ingress {
  readonly #bus: Bus;
  readonly #gatewayId: string;
  readonly #batchers: Batchers;
  #partings: Route[] = [];

  constructor(bus: Bus, gatewayId: string) {
    this.#bus = bus;
    this.#gatewayId = gatewayId;
    this.#batchers = new Batchers((workerId) => this.#senderTo(workerId), () => bus.hasSentAll());
  }

  /** Whether the bus takes anything now. What is added while it does not is lost. */
  get connected(): boolean {
    return this.#bus.connected;
  }

  /** Calls back with the id of a worker that NATS says does not listen; several times where several batches found nobody. */
  onNoResponders(listener: (workerId: string) => void): void {
    this.#bus.subscribe(lostSubject(this.#gatewayId, '*'), ({ subject, noResponders }) => {
      const workerId = noResponders ? workerOfLostSubject(subject) : undefined;
      if (workerId !== undefined) listener(workerId);
    });
  }

  /** Adds an envelope to the batch for this worker. */
  send(workerId: string, envelope: Envelope): void {
    this.#batchers.to(workerId).add(envelope);
  }

  /** Tells the owner something beside the audio, in the control lane. */
  control(route: Route, type: ControlType, seq = 0): void {
    const { workerId, workerSlot: slot, fence } = route;
    this.send(workerId, { type, lane: CONTROL, flags: 0, slot, fence, seq, stampUs: stampUs(nowMs()), mediaMs: 0, payload: NO_PAYLOAD });
  }

  /** Tells the owner that the caller is gone, before anything that is sent after this; later where the bus is away. */
  part(route: Route): void {
    if (!this.connected) {
      if (this.#partings.length < MOST_PARTINGS) this.#partings.push(route);
      return;
    }
    this.control(route, ENVELOPE_TYPE.gone);
    this.#batchers.flush(route.workerId);
  }

  /** The bus is back: sends the partings that waited for it. */
  resume(): void {
    const partings = this.#partings;
    this.#partings = [];
    for (const route of partings) this.part(route);
  }

  /** Drops what belongs to a worker that is gone. */
  forget(workerId: string): void {
    this.#batchers.forget(workerId);
  }

  /** Sends everything that is waiting. */
  flush(): void {
    this.#batchers.flush();
  }

  /** Workers that were written to lately. */
  get workers(): number {
    return this.#batchers.size;
  }

  /** Forgets workers that are long gone. */
  sweep(nowMs: number): void {
    this.#batchers.sweep(nowMs);
  }

  #senderTo(workerId: string): (batch: Uint8Array) => void {
    const subject = workerSubject(workerId);
    const replyTo = lostSubject(this.#gatewayId, workerId);
    // A batch the bus does not take is not lost: connections send again what is not acknowledged once it is back.
    return (batch) => void this.#bus.publish(subject, batch, replyTo);
  }
}
