import type { Batcher } from '../shared/bus/batcher.ts';
import { Batchers } from '../shared/bus/batchers.ts';
import { SlabMemory } from '../shared/bus/slab-memory.ts';
import type { Bus } from '../shared/bus/bus.ts';
import { gatewaySubject } from '../shared/bus/subjects.ts';
import type { AgentEvent, EndedBody } from '../shared/protocol/agent-event.ts';
import { audioBytes, audioMs, type AudioFormat } from '../shared/protocol/audio-format.ts';
import type { Delivered } from '../shared/protocol/claim.ts';
import { ENVELOPE_FLAG, ENVELOPE_TYPE, turnFlags, type EnvelopeType } from '../shared/protocol/envelope.ts';
import { laneIndex } from '../shared/protocol/lane.ts';
import { pack } from '../shared/protocol/structured.ts';
import { nowMs, stampUs } from '../shared/runtime/clock.ts';
import { EgressLog, ENTRY_COST_BYTES, type LoggedEgress } from './egress-log.ts';

const NO_PAYLOAD = new Uint8Array(0);
const SPEECH_LANE = laneIndex('normal');
const CONTROL_LANE = laneIndex('control');
/** The shortest messages that speech is reckoned to be cut into, for what keeping them costs. */
const SMALLEST_SPEECH_MS = 20;
/** After so long the caller would have told, by its gateway, that the newest message came. */
const QUIET_MS = 1000;
/** Kept for events beside the audio: more than the longest answer takes. */
const EVENT_BYTES = 524_288;

/** Everything this worker sends to gateways: one batcher per gateway. */
export class Egress {
  /** What speech is kept in until callers have it. */
  readonly memory = new SlabMemory();
  readonly #onForgotten: () => void;
  readonly #batchers: Batchers;

  /** `onDropped` counts batches the bus could not take, `onForgotten` callers who came back for more than was kept. */
  constructor(bus: Bus, onDropped: () => void, onForgotten: () => void) {
    this.#onForgotten = onForgotten;
    this.#batchers = new Batchers((gatewayId) => {
      const subject = gatewaySubject(gatewayId);
      return (batch) => {
        if (!bus.publish(subject, batch)) onDropped();
      };
    }, () => bus.hasSentAll());
  }

  /** Where envelopes for this gateway go. */
  to(gatewayId: string): Batcher {
    return this.#batchers.to(gatewayId);
  }

  /** A caller came back for more than was kept. */
  forgotten(): void {
    this.#onForgotten();
  }

  /** Forgets gateways that are long gone. */
  sweep(): void {
    this.#batchers.sweep(nowMs());
  }

  /** Sends everything that is waiting. */
  flush(): void {
    this.#batchers.flush();
  }
}

/** Where a session's connection is. */
export interface GatewayAddress {
  readonly gatewayId: string;
  readonly gatewaySlot: number;
}

/** From where a session's egress goes on. */
export interface EgressStart {
  readonly fence: number;
  readonly address: GatewayAddress;
  /** The highest seq the caller has. */
  readonly seenSeq: number;
  /** The highest seq used by an earlier owner, as far as it is known. */
  readonly storedSeq: number;
  readonly format: AudioFormat;
  /** Audio kept until the caller has it. */
  readonly replayMs: number;
  /** How far the newest reply was delivered at `seenSeq`, where it is known. */
  readonly delivered?: Delivered | undefined;
}

/**
 * One session's way to its caller: numbers what it sends and keeps it until the caller has it, so that whatever the bus or a
 * connection lost is sent again. What follows on something that is not kept any more says so by the flag `gap`.
 */
export class SessionEgress {
  readonly #egress: Egress;
  readonly #fence: number;
  readonly #format: AudioFormat;
  readonly #log: EgressLog;
  #address: GatewayAddress;
  #seq: number;
  /** The seq that the present address was sent last: the next one either follows on it or jumps. */
  #sentSeq: number;
  /** The caller is known to have everything up to here. */
  #receivedSeq: number;
  #sentAtMs = 0;
  /**
   * While held, what is said is only kept: it is sent in order once the caller's new connection is ready for it. Closed, the
   * session is not ours any more: nothing is said but how it ended.
   */
  #state: 'open' | 'held' | 'closed' = 'open';

  /** Numbers on beyond all that is known to have been used. */
  constructor(egress: Egress, { fence, address, seenSeq, storedSeq, format, replayMs, delivered }: EgressStart) {
    this.#egress = egress;
    this.#fence = fence;
    this.#format = format;
    this.#address = address;
    this.#seq = Math.max(seenSeq, storedSeq);
    this.#sentSeq = seenSeq;
    this.#receivedSeq = seenSeq;
    const maxBytes = audioBytes(format, replayMs) + (replayMs / SMALLEST_SPEECH_MS) * ENTRY_COST_BYTES + EVENT_BYTES;
    this.#log = new EgressLog({ maxAudioMs: replayMs, maxBytes }, egress.memory, delivered === undefined ? undefined : { seq: seenSeq, delivered });
  }

  /** The newest egress seq used. */
  get seq(): number {
    return this.#seq;
  }

  get address(): GatewayAddress {
    return this.#address;
  }

  /** What is kept for sending again takes this many bytes. */
  get keptBytes(): number {
    return this.#log.bytes;
  }

  /** The newest egress seq, where it was sent a while ago and the caller is not known to have it: the bus may have lost it. */
  overdueSeq(nowMs: number): number | undefined {
    const isOverdue = this.#state === 'open' && this.#receivedSeq < this.#seq && nowMs - this.#sentAtMs > QUIET_MS;
    return isOverdue ? this.#seq : undefined;
  }

  /** From now on the caller is reached elsewhere. */
  moveTo(address: GatewayAddress): void {
    this.#address = address;
  }

  /** Tells the gateway of an earlier connection that there is a newer one. */
  replaced(address: GatewayAddress): void {
    this.#put(ENVELOPE_TYPE.released, CONTROL_LANE, 0, 0, 0, pack({ replaced: true }), address);
  }

  /**
   * Readies what the connection at the present address is to hear: with `isResuming` everything after `seenSeq`, otherwise
   * only what is new. Nothing numbered is sent until `open`.
   */
  hold(seenSeq: number, isResuming: boolean): void {
    if (this.#state === 'closed') return;
    this.#state = 'held';
    // Another owner, or one before us that was late, used numbers that we know nothing of.
    this.#seq = Math.max(this.#seq, seenSeq);
    // What a connection was given the caller need not have: it may be cut, and its gateway not know. The caller says what it has.
    if (!isResuming) this.received(this.#seq);
    this.#sentSeq = seenSeq;
    if (isResuming && this.#log.overflowSeq > seenSeq) this.#tellForgotten();
  }

  #tellForgotten(): void {
    this.#egress.forgotten();
    this.event({ type: 'error', code: 'shed', message: 'more was said while you were away than is kept: the oldest of it is lost' });
  }

  /** Sends what was held back, then what comes as it comes. */
  open(): void {
    if (this.#state !== 'held') return;
    this.#state = 'open';
    this.again(this.#sentSeq);
  }

  /** Keeps and says nothing any more, except how the session ended. */
  close(): void {
    this.#state = 'closed';
    this.#log.received(this.#seq);
  }

  /** Agent audio of a turn, `mediaMs` into it, which is copied; answers with its egress seq. */
  speech(payload: Uint8Array, mediaMs: number, isFirstOfTurn: boolean, turn: number): number {
    const flags = turnFlags(turn) | (isFirstOfTurn ? ENVELOPE_FLAG.firstOfTurn : 0);
    return this.#say(ENVELOPE_TYPE.speech, flags, mediaMs, audioMs(this.#format, payload.length), payload);
  }

  event(event: AgentEvent): void {
    this.#say(ENVELOPE_TYPE.event, 0, 0, 0, pack(event));
  }

  /** The caller has everything up to `seq`; where that is more than was said here, another owner said it: its numbers are passed over. */
  received(seq: number): void {
    if (seq <= this.#receivedSeq) return;
    this.#seq = Math.max(this.#seq, seq);
    this.#receivedSeq = seq;
    this.#log.received(seq);
  }

  /** Sends everything after `seq` again, as far as it is kept; answers how many envelopes. */
  again(seq: number): number {
    if (this.#state !== 'open') return 0;
    this.#sentSeq = seq;
    const entries = this.#log.after(seq);
    for (const entry of entries) this.#send(entry, ENVELOPE_FLAG.replayed);
    return entries.length;
  }

  /** The bus may have lost anything the caller is not known to have: sends it again. Answers how many envelopes. */
  repeat(): number {
    return this.again(this.#receivedSeq);
  }

  /** How far the agent's newest speech at or before `seq` reaches; undefined where there was none or it is not known any more. */
  deliveredAt(seq: number): Delivered | undefined {
    return this.#log.deliveredAt(seq);
  }

  ack(ingressSeq: number): void {
    if (this.#state !== 'closed') this.#control(ENVELOPE_TYPE.ack, NO_PAYLOAD, ingressSeq);
  }

  /** Asks for everything after this ingress seq again. */
  resend(ingressSeq: number): void {
    if (this.#state !== 'closed') this.#control(ENVELOPE_TYPE.resend, NO_PAYLOAD, ingressSeq);
  }

  ended(reason: EndedBody['reason']): void {
    this.#control(ENVELOPE_TYPE.ended, pack({ reason }), this.#seq);
  }

  released(): void {
    this.#control(ENVELOPE_TYPE.released, NO_PAYLOAD, this.#seq);
  }

  #say(type: LoggedEgress['type'], flags: number, mediaMs: number, audioMs: number, payload: Uint8Array): number {
    if (this.#state === 'closed') return this.#seq;
    this.#seq += 1;
    const lane = type === ENVELOPE_TYPE.speech ? SPEECH_LANE : CONTROL_LANE;
    const entry: LoggedEgress = { type, lane, flags, seq: this.#seq, stampUs: 0, mediaMs, audioMs, payload };
    this.#log.push(entry);
    if (this.#state === 'open') this.#send(entry, 0);
    return this.#seq;
  }

  #send({ type, lane, flags, seq, mediaMs, payload }: LoggedEgress, moreFlags: number): void {
    const gap = seq === this.#sentSeq + 1 ? 0 : ENVELOPE_FLAG.gap;
    this.#sentSeq = seq;
    this.#sentAtMs = this.#put(type, lane, flags | moreFlags | gap, seq, mediaMs, payload);
  }

  #control(type: EnvelopeType, payload: Uint8Array, seq: number): void {
    this.#put(type, CONTROL_LANE, 0, seq, 0, payload);
  }

  /** Answers when it was done. */
  #put(type: EnvelopeType, lane: number, flags: number, seq: number, mediaMs: number, payload: Uint8Array, address = this.#address): number {
    const { gatewayId, gatewaySlot: slot } = address;
    const now = nowMs();
    this.#egress.to(gatewayId).add({ type, lane, flags, slot, fence: this.#fence, seq, stampUs: stampUs(now), mediaMs, payload });
    return now;
  }
}
