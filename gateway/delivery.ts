import type { AgentEvent } from '../shared/protocol/agent-event.ts';
import { ENVELOPE_FLAG, type Envelope } from '../shared/protocol/envelope.ts';
import type { AgentMessageBody } from '../shared/protocol/native-message.ts';
import { unpack } from '../shared/protocol/structured.ts';
import { elapsedMs, nowMs, stampUs } from '../shared/runtime/clock.ts';
import { ERROR_TABLE, VoxError } from '../shared/runtime/errors.ts';
import type { Call, LineServices } from './call.ts';
import type { EgressOrder } from './egress-order.ts';
import type { Outbox } from './outbox.ts';
import { encodeError, encodeEvent } from './wires/native.ts';

const KNOWN_EVENTS: ReadonlySet<string> = new Set(Object.keys({
  transcript: true, text: true, speech_started: true, speech_stopped: true, turn: true, clear: true, error: true,
} satisfies Record<AgentEvent['type'], true>));

/** Writes what the agent and the gateway say onto one connection's wire, each message with its egress seq. */
export class Delivery {
  readonly #services: LineServices;
  readonly #call: Call;
  readonly #outbox: Outbox;
  readonly #order: EgressOrder;
  #isBinary: boolean;
  #firstSpeechMs = 0;
  /** When it was put on the socket. */
  #firstSpeechAtMs = 0;

  /** `order`: where the connection stands in its session's egress. */
  constructor(services: LineServices, call: Call, outbox: Outbox, order: EgressOrder) {
    this.#services = services;
    this.#call = call;
    this.#outbox = outbox;
    this.#order = order;
    // Until the caller's own audio says otherwise.
    this.#isBinary = call.terms.isNative;
  }

  /** Agent audio goes out the way the caller's comes in. */
  useBinary(isBinary: boolean): void {
    this.#isBinary = isBinary;
  }

  /** Something the gateway itself says; it carries the number of the last message before it. */
  say(body: AgentMessageBody): void {
    this.#outbox.send(JSON.stringify({ ...body, seq: this.#order.last }), false);
  }

  /** An error the gateway tells the caller; `re` is the caller's number of what it is about. */
  tell(error: VoxError, re?: number): void {
    this.#count(error);
    this.say(encodeError(error, re));
  }

  /** Agent audio from a worker. */
  speech({ seq, flags, stampUs: sentUs, mediaMs, payload }: Envelope): void {
    this.#outbox.send(this.#isBinary ? this.#services.scratch.speech(seq, mediaMs, payload) : json(seq, mediaMs, payload), true);
    // Two hosts' clocks may differ by more than the way takes.
    if ((flags & ENVELOPE_FLAG.firstOfTurn) === 0) return;
    this.#firstSpeechAtMs = nowMs();
    this.#firstSpeechMs = Math.max(0, elapsedMs(sentUs, stampUs(this.#firstSpeechAtMs)));
  }

  /** Something else from a worker, handed back as read; bytes that are no event are dropped, and so is one of a kind that is not known here. */
  event({ seq, flags, payload }: Envelope): AgentEvent | undefined {
    const { metrics } = this.#services;
    const event = unpack<AgentEvent>(payload);
    if (event === undefined) {
      metrics.badBatches.inc();
      return undefined;
    }
    if (!KNOWN_EVENTS.has(event.type)) {
      metrics.unknown.inc({ what: 'event' });
      return undefined;
    }
    if (event.type === 'clear') this.#outbox.clearAudio();
    const told = event.type === 'error' ? this.#named(event) : event;
    const body = encodeEvent(told, this.#firstSpeechMs, this.#call.terms.isNumbered);
    const isReplayed = (flags & ENVELOPE_FLAG.replayed) !== 0;
    if (body.type === 'turn') this.#finishTurn(body, event.type === 'turn' && !isReplayed ? event.trace : undefined, isReplayed);
    this.#outbox.send(JSON.stringify({ ...body, seq }), false);
    return event;
  }

  /** A worker has written its errors down itself; of one that is a version older, this is done here. */
  #named(event: Extract<AgentEvent, { type: 'error' }>): AgentEvent {
    const code = Object.hasOwn(ERROR_TABLE, event.code) ? event.code : 'internal';
    if (event.errorId !== undefined) {
      this.#services.metrics.countError(code);
      return event;
    }
    const error = new VoxError(code, 'told by a worker that gives no ids');
    this.#count(error);
    return { ...event, errorId: error.errorId };
  }

  #count(error: VoxError): void {
    this.#services.told.inCall(error, this.#call.sessionId);
  }

  #finishTurn({ turn, mouth_to_ear_ms, stages_ms }: Extract<AgentMessageBody, { type: 'turn' }>, traceparent: string | undefined, isReplayed: boolean): void {
    // What is sent again was measured by the gateway that it was sent to first.
    if (!isReplayed) this.#services.metrics.observeTurn(mouth_to_ear_ms, stages_ms);
    const { traced } = this.#call;
    if (traceparent !== undefined && traced !== undefined) {
      const atMs = this.#firstSpeechAtMs === 0 ? nowMs() : this.#firstSpeechAtMs;
      this.#services.traces?.answered({ session: traced.session, traceparent, turn, stages: stages_ms, mouthToEarMs: mouth_to_ear_ms, atMs });
    }
    this.#firstSpeechMs = 0;
    this.#firstSpeechAtMs = 0;
  }
}

function json(seq: number, timestamp: number, payload: Uint8Array): string {
  const data = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('base64');
  // Base64 and numbers need no escaping: written out, because this is the one JSON message that comes per frame.
  return `{"type":"audio","data":"${data}","timestamp":${timestamp},"seq":${seq}}`;
}
