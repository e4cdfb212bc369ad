import { Batcher } from '../shared/bus/batcher.ts';
import type { Bus } from '../shared/bus/bus.ts';
import { gatewaySubject } from '../shared/bus/subjects.ts';
import type { AgentEvent, EndedBody } from '../shared/protocol/agent-event.ts';
import { ENVELOPE_FLAG, ENVELOPE_TYPE, type EnvelopeType } from '../shared/protocol/envelope.ts';
import { laneIndex } from '../shared/protocol/lane.ts';
import { pack } from '../shared/protocol/structured.ts';
import { nowMs, stampUs } from '../shared/runtime/clock.ts';

const NO_PAYLOAD = new Uint8Array(0);
/** Batchers of gateways that were not written to for this long are forgotten. */
const FORGET_AFTER_MS = 60_000;

/** Everything this worker sends to gateways: one batcher per gateway. */
export class Egress {
  readonly #bus: Bus;
  readonly #onDropped: () => void;
  readonly #batchers = new Map<string, { batcher: Batcher; usedAtMs: number }>();

  /** `onDropped` counts batches the bus could not take. */
  constructor(bus: Bus, onDropped: () => void) {
    this.#bus = bus;
    this.#onDropped = onDropped;
  }

  /** Where envelopes for this gateway go. */
  to(gatewayId: string): Batcher {
    const known = this.#batchers.get(gatewayId);
    if (known !== undefined) {
      known.usedAtMs = nowMs();
      return known.batcher;
    }
    const subject = gatewaySubject(gatewayId);
    const batcher = new Batcher((batch) => {
      if (!this.#bus.publish(subject, batch)) this.#onDropped();
    });
    this.#batchers.set(gatewayId, { batcher, usedAtMs: nowMs() });
    return batcher;
  }

  /** Forgets gateways that are long gone. */
  sweep(): void {
    for (const [gatewayId, { usedAtMs }] of this.#batchers) {
      if (nowMs() - usedAtMs > FORGET_AFTER_MS) this.#batchers.delete(gatewayId);
    }
  }

  /** Sends everything that is waiting. */
  flush(): void {
    for (const { batcher } of this.#batchers.values()) batcher.flush();
  }
}

/** Where a session's connection is. */
export interface GatewayAddress {
  readonly gatewayId: string;
  readonly gatewaySlot: number;
}

/** One session's way to its caller; numbers what it sends. */
export class SessionEgress {
  readonly #egress: Egress;
  readonly #fence: number;
  #address: GatewayAddress;
  #seq: number;

  /** Numbers on from `seq`. */
  constructor(egress: Egress, fence: number, address: GatewayAddress, seq: number) {
    this.#egress = egress;
    this.#fence = fence;
    this.#address = address;
    this.#seq = seq;
  }

  /** The newest egress seq used. */
  get seq(): number {
    return this.#seq;
  }

  get address(): GatewayAddress {
    return this.#address;
  }

  /** From now on the caller is reached elsewhere; the old gateway is told that it was replaced. */
  moveTo(address: GatewayAddress): void {
    this.#send(ENVELOPE_TYPE.released, pack({ replaced: true }), 0);
    this.#address = address;
  }

  /** Agent audio; answers with its egress seq. */
  speech(payload: Uint8Array, mediaMs: number, isFirstOfTurn: boolean): number {
    this.#seq += 1;
    this.#send(ENVELOPE_TYPE.speech, payload, this.#seq, mediaMs, isFirstOfTurn ? ENVELOPE_FLAG.firstOfTurn : 0);
    return this.#seq;
  }

  event(event: AgentEvent): void {
    this.#seq += 1;
    this.#send(ENVELOPE_TYPE.event, pack(event), this.#seq);
  }

  ack(ingressSeq: number): void {
    this.#send(ENVELOPE_TYPE.ack, NO_PAYLOAD, ingressSeq);
  }

  ended(reason: EndedBody['reason']): void {
    this.#send(ENVELOPE_TYPE.ended, pack({ reason }), this.#seq);
  }

  released(): void {
    this.#send(ENVELOPE_TYPE.released, NO_PAYLOAD, this.#seq);
  }

  #send(type: EnvelopeType, payload: Uint8Array, seq: number, mediaMs = 0, flags = 0): void {
    this.#egress.to(this.#address.gatewayId).add({
      type,
      lane: laneIndex(type === ENVELOPE_TYPE.speech ? 'normal' : 'control'),
      flags,
      slot: this.#address.gatewaySlot,
      fence: this.#fence,
      seq,
      stampUs: stampUs(nowMs()),
      mediaMs,
      payload,
    });
  }
}
