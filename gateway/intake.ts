import type { TextBody } from '../shared/protocol/agent-event.ts';
import { audioMs } from '../shared/protocol/audio-format.ts';
import { ENVELOPE_TYPE } from '../shared/protocol/envelope.ts';
import { pack } from '../shared/protocol/structured.ts';
import { nowMs, stampUs } from '../shared/runtime/clock.ts';
import { VoxError } from '../shared/runtime/errors.ts';
import type { LineServices } from './call.ts';
import type { Delivery } from './delivery.ts';
import type { Downlink } from './downlink.ts';
import type { Terms } from './terms.ts';
import type { GivenUp, Uplink } from './uplink.ts';
import { decodeBinary, decodeText, type CallerInput, type Refusal } from './wires/native.ts';

export interface IntakeOptions {
  readonly services: LineServices;
  readonly terms: Terms;
  readonly uplink: Uplink;
  readonly downlink: Downlink;
  readonly delivery: Delivery;
}

/** What one connection's caller sends: checked, answered where it is wrong, handed on where it is right. */
export class Intake {
  readonly #services: LineServices;
  readonly #terms: Terms;
  readonly #uplink: Uplink;
  readonly #downlink: Downlink;
  readonly #delivery: Delivery;
  #isReady = false;
  #hasSentAudio = false;
  #hasToldShed = false;
  #invalidInARow = 0;
  #resentMs = 0;

  constructor({ services, terms, uplink, downlink, delivery }: IntakeOptions) {
    this.#services = services;
    this.#terms = terms;
    this.#uplink = uplink;
    this.#downlink = downlink;
    this.#delivery = delivery;
  }

  /** A plain client that only writes texts counts on one reply each: it is told nothing beside them that it can do without. */
  get isTextOnly(): boolean {
    return !this.#terms.isNative && !this.#hasSentAudio;
  }

  /** Whether there ever was a worker. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether so many messages in a row were invalid that it is abuse. */
  get isAbused(): boolean {
    return this.#invalidInARow >= this.#services.config.maxInvalidMessages;
  }

  /** There is a worker. Answers whether it is the first. */
  ready(): boolean {
    const isFirst = !this.#isReady;
    this.#isReady = true;
    this.#hasToldShed = false;
    return isFirst;
  }

  /** One message as it came; nothing of `bytes` is kept. */
  message(bytes: Uint8Array, isBinary: boolean): void {
    const { inputLimits } = this.#terms;
    this.#services.metrics.countIn(bytes.length);
    const input = isBinary ? decodeBinary(bytes, inputLimits) : decodeText(bytes, inputLimits);
    if (input.type === 'refusal') return this.#refuse(input);
    this.#invalidInARow = 0;
    this.#take(input);
  }

  #refuse({ error, re }: Refusal): void {
    this.#invalidInARow += 1;
    this.#delivery.tell(error, re);
  }

  #take(input: CallerInput): void {
    switch (input.type) {
      case 'audio':
        return this.#takeAudio(input);
      case 'text':
        return this.#takeText(input);
      case 'ping':
        return this.#delivery.say({ type: 'pong' });
      case 'cancel':
        return this.#uplink.control(ENVELOPE_TYPE.cancel);
      case 'played':
        return this.#uplink.control(ENVELOPE_TYPE.played, input.seq);
      case 'ack':
        return this.#downlink.received(input.seq);
    }
  }

  #takeAudio({ payload, seq, isResent, priority, timestampMs, isBinary }: Extract<CallerInput, { type: 'audio' }>): void {
    const uplink = this.#uplink;
    this.#hasSentAudio = true;
    this.#delivery.useBinary(isBinary);
    if (uplink.isKnown(seq)) return;
    const lengthMs = audioMs(this.#terms.input, payload.length);
    const givenUp = uplink.take({
      type: ENVELOPE_TYPE.audio, seq, isResent: isResent && this.#mayResend(lengthMs), priority, payload, mediaMs: timestampMs, stampUs: stampUs(nowMs()), audioMs: lengthMs,
    });
    this.#count(givenUp);
  }

  /** What is sent again is never shed, so there may be no more of it than is kept for that: the rest is audio like any other. */
  #mayResend(lengthMs: number): boolean {
    this.#resentMs += lengthMs;
    return this.#resentMs <= this.#services.config.replayMs;
  }

  #takeText({ content, seq, isResent, priority, timestampMs }: Extract<CallerInput, { type: 'text' }>): void {
    const uplink = this.#uplink;
    const { config } = this.#services;
    const { isNative, isNumbered } = this.#terms;
    if (uplink.isKnown(seq)) return;
    // Whoever numbers may come before the worker does: the number says where the text belongs.
    if (!this.#isReady && isNative && !isNumbered) return this.#delivery.tell(new VoxError('not_ready', 'wait for ready, then send the text again'));
    const payload = pack({ content } satisfies TextBody);
    if (!uplink.hasRoomForText(payload.length)) return this.#refuseText(seq, 'the texts of this call that are not stored yet take all the room there is');
    if (!this.#mayWait) return this.#refuseText(seq, `at most ${config.maxWaitingMessages} messages wait for a worker`);
    uplink.take({ type: ENVELOPE_TYPE.text, seq, isResent, priority, payload, mediaMs: timestampMs, stampUs: stampUs(nowMs()), audioMs: 0 });
  }

  get #mayWait(): boolean {
    return this.#uplink.isAttached || this.#uplink.waitingTexts < this.#services.config.maxWaitingMessages;
  }

  #count({ unheard, uncommitted }: GivenUp): void {
    if (uncommitted > 0) this.#services.metrics.countShed('replay_overflow', uncommitted);
    if (unheard > 0) this.#tellShed(unheard);
  }

  #refuseText(seq: number, why: string): void {
    this.#services.metrics.countShed('too_many_waiting', 1);
    this.#delivery.tell(new VoxError('too_many_waiting', `${why}; this one was not taken`, 1000), this.#terms.isNumbered ? seq : undefined);
  }

  #tellShed(frames: number): void {
    const { metrics, config } = this.#services;
    metrics.countShed('no_worker', frames);
    if (this.#hasToldShed) return;
    this.#hasToldShed = true;
    this.#delivery.tell(new VoxError('shed', `audio older than ${config.replayMs} ms was dropped: no worker took it`));
  }
}
