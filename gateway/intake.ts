import type { TextBody } from '../shared/protocol/agent-event.ts';
import { audioMs, type AudioFormat } from '../shared/protocol/audio-format.ts';
import { ENVELOPE_TYPE } from '../shared/protocol/envelope.ts';
import { pack } from '../shared/protocol/structured.ts';
import { nowMs, stampUs } from '../shared/runtime/clock.ts';
import { VoxError } from '../shared/runtime/errors.ts';
import type { GatewayConfig } from './config.ts';
import type { Delivery } from './delivery.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { GivenUp, Uplink } from './uplink.ts';
import { decodeBinary, decodeText, type CallerInput, type InputLimits, type Refusal } from './wires/native.ts';

export interface IntakeOptions {
  readonly config: GatewayConfig;
  readonly metrics: GatewayMetrics;
  readonly uplink: Uplink;
  readonly delivery: Delivery;
  readonly input: AudioFormat;
  /** Whether the client knows `ready` and so can be asked to wait for it. */
  readonly isNative: boolean;
  /** Whether it numbers its audio and texts: then it keeps them until it is told that they are safe. */
  readonly isNumbered: boolean;
  /** A numbering caller has every agent message up to this egress seq. */
  readonly onReceived: (egressSeq: number) => void;
}

/** What one connection's caller sends: checked, answered where it is wrong, handed on where it is right. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #limits: InputLimits;
  #isReady = false;
  #hasSentAudio = false;
  #hasToldShed = false;
  #invalidInARow = 0;
  #resentMs = 0;

  constructor(options: IntakeOptions) {
    const { config, input, isNumbered } = options;
    const { maxAudioMessageBytes, maxTextChars } = config;
    this.#options = options;
    this.#limits = { encoding: input.encoding, maxAudioMessageBytes, maxTextChars, isNumbered };
  }

  /** A plain client that only writes texts counts on one reply each: it is told nothing beside them that it can do without. */
  get isTextOnly(): boolean {
    return !this.#options.isNative && !this.#hasSentAudio;
  }

  /** Whether there ever was a worker. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether so many messages in a row were invalid that it is abuse. */
  get isAbused(): boolean {
    return this.#invalidInARow >= this.#options.config.maxInvalidMessages;
  }

  /** There is a worker. Answers whether it is the first. */
  ready(): boolean {
    const isFirst = !this.#isReady;
    this.#isReady = true;
    this.#hasToldShed = false;
    return isFirst;
  }

  /** One message as it came; `bytes` may be kept. */
  message(bytes: Uint8Array, isBinary: boolean): void {
    this.#options.metrics.countIn(bytes.length);
    const input = isBinary ? decodeBinary(bytes, this.#limits) : decodeText(bytes, this.#limits);
    if (input.type === 'refusal') return this.#refuse(input);
    this.#invalidInARow = 0;
    this.#take(input);
  }

  #refuse({ error, re }: Refusal): void {
    this.#invalidInARow += 1;
    this.#options.delivery.tell(error, re);
  }

  #take(input: CallerInput): void {
    const { uplink, delivery } = this.#options;
    switch (input.type) {
      case 'audio':
        return this.#takeAudio(input);
      case 'text':
        return this.#takeText(input);
      case 'ping':
        return delivery.say({ type: 'pong' });
      case 'cancel':
        return uplink.control(ENVELOPE_TYPE.cancel);
      case 'played':
        return uplink.control(ENVELOPE_TYPE.played, input.seq);
      case 'ack':
        return this.#options.onReceived(input.seq);
    }
  }

  #takeAudio({ payload, seq, isResent, priority, timestampMs, isBinary }: Extract<CallerInput, { type: 'audio' }>): void {
    const { uplink, delivery, input } = this.#options;
    this.#hasSentAudio = true;
    delivery.useBinary(isBinary);
    if (uplink.isKnown(seq)) return;
    const lengthMs = audioMs(input, payload.length);
    const givenUp = uplink.take({
      type: ENVELOPE_TYPE.audio, seq, isResent: isResent && this.#mayResend(lengthMs), priority, payload, mediaMs: timestampMs, stampUs: stampUs(nowMs()), audioMs: lengthMs,
    });
    this.#count(givenUp);
  }

  /** What is sent again is never shed, so there may be no more of it than is kept for that: the rest is audio like any other. */
  #mayResend(lengthMs: number): boolean {
    this.#resentMs += lengthMs;
    return this.#resentMs <= this.#options.config.replayMs;
  }

  #takeText({ content, seq, isResent, priority, timestampMs }: Extract<CallerInput, { type: 'text' }>): void {
    const { uplink, delivery, config, isNative, isNumbered } = this.#options;
    if (uplink.isKnown(seq)) return;
    // Whoever numbers may come before the worker does: the number says where the text belongs.
    if (!this.#isReady && isNative && !isNumbered) return delivery.tell(new VoxError('not_ready', 'wait for ready, then send the text again'));
    const payload = pack({ content } satisfies TextBody);
    if (!uplink.hasRoomForText(payload.length)) return this.#refuseText(seq, 'the texts of this call that are not stored yet take all the room there is');
    if (!this.#mayWait) return this.#refuseText(seq, `at most ${config.maxWaitingMessages} messages wait for a worker`);
    uplink.take({ type: ENVELOPE_TYPE.text, seq, isResent, priority, payload, mediaMs: timestampMs, stampUs: stampUs(nowMs()), audioMs: 0 });
  }

  get #mayWait(): boolean {
    const { uplink, config } = this.#options;
    return uplink.isAttached || uplink.waitingTexts < config.maxWaitingMessages;
  }

  #count({ unheard, uncommitted }: GivenUp): void {
    if (uncommitted > 0) this.#options.metrics.countShed('replay_overflow', uncommitted);
    if (unheard > 0) this.#tellShed(unheard);
  }

  #refuseText(seq: number, why: string): void {
    const { metrics, delivery, isNumbered } = this.#options;
    metrics.countShed('too_many_waiting', 1);
    delivery.tell(new VoxError('too_many_waiting', `${why}; this one was not taken`, 1000), isNumbered ? seq : undefined);
  }

  #tellShed(frames: number): void {
    const { metrics, delivery, config } = this.#options;
    metrics.countShed('no_worker', frames);
    if (this.#hasToldShed) return;
    this.#hasToldShed = true;
    delivery.tell(new VoxError('shed', `audio older than ${config.replayMs} ms was dropped: no worker took it`));
  }
}
