import type { AgentEvent } from '../shared/protocol/agent-event.ts';
import { BINARY_KIND, writeBinaryFrame } from '../shared/protocol/binary-frame.ts';
import { ENVELOPE_FLAG, type Envelope } from '../shared/protocol/envelope.ts';
import type { AgentMessageBody } from '../shared/protocol/native-message.ts';
import { unpack } from '../shared/protocol/structured.ts';
import { elapsedMs, nowMs, stampUs } from '../shared/runtime/clock.ts';
import type { VoxError } from '../shared/runtime/errors.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Outbox } from './outbox.ts';
import { encodeError, encodeEvent } from './wires/native.ts';

/** Writes what the agent and the gateway say onto one connection's wire, each message with its egress seq. */
export class Delivery {
  readonly #outbox: Outbox;
  readonly #metrics: GatewayMetrics;
  #isBinary: boolean;
  #seq: number;
  #firstSpeechMs = 0;

  /** `isBinary`: how agent audio is sent until the caller's own audio says otherwise. `seq`: the session's last egress seq. */
  constructor(outbox: Outbox, metrics: GatewayMetrics, isBinary: boolean, seq: number) {
    this.#outbox = outbox;
    this.#metrics = metrics;
    this.#isBinary = isBinary;
    this.#seq = seq;
  }

  /** The highest egress seq passed on. */
  get seq(): number {
    return this.#seq;
  }

  /** Agent audio goes out the way the caller's comes in. */
  useBinary(isBinary: boolean): void {
    this.#isBinary = isBinary;
  }

  /** Something the gateway itself says; it carries the number of the last message before it. */
  say(body: AgentMessageBody): void {
    this.#outbox.send(JSON.stringify({ ...body, seq: this.#seq }), false);
  }

  /** An error the gateway tells the caller. */
  tell(error: VoxError): void {
    this.#metrics.countError(error.code);
    this.say(encodeError(error));
  }

  /** Agent audio from a worker. */
  speech({ seq, flags, stampUs: sentUs, mediaMs, payload }: Envelope): void {
    this.#seq = Math.max(this.#seq, seq);
    this.#outbox.send(this.#isBinary ? binary(seq, mediaMs, payload) : json(seq, mediaMs, payload), true);
    // Two hosts' clocks may differ by more than the way takes.
    if ((flags & ENVELOPE_FLAG.firstOfTurn) !== 0) this.#firstSpeechMs = Math.max(0, elapsedMs(sentUs, stampUs(nowMs())));
  }

  /** Something else from a worker; bytes that are no event are dropped. */
  event({ seq, payload }: Envelope): void {
    const event = unpack<AgentEvent>(payload);
    if (event === undefined) return this.#metrics.badBatches.inc();
    this.#seq = Math.max(this.#seq, seq);
    if (event.type === 'clear') this.#outbox.clearAudio();
    if (event.type === 'error') this.#metrics.countError(event.code);
    const body = encodeEvent(event, this.#firstSpeechMs);
    if (body.type === 'turn') this.#finishTurn(body);
    this.#outbox.send(JSON.stringify({ ...body, seq }), false);
  }

  #finishTurn({ mouth_to_ear_ms, stages_ms }: Extract<AgentMessageBody, { type: 'turn' }>): void {
    this.#metrics.observeTurn(mouth_to_ear_ms, stages_ms);
    this.#firstSpeechMs = 0;
  }
}

function binary(seq: number, timestampMs: number, payload: Uint8Array): Uint8Array {
  return writeBinaryFrame({ kind: BINARY_KIND.audio, priority: 0, seq, timestampMs, payload });
}

function json(seq: number, timestamp: number, payload: Uint8Array): string {
  const data = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('base64');
  // Base64 and numbers need no escaping: written out, because this is the one JSON message that comes per frame.
  return `{"type":"audio","data":"${data}","timestamp":${timestamp},"seq":${seq}}`;
}
