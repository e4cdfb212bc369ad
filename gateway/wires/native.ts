import { LATENCY_STAGES, wholeMs, type AgentEvent, type StageLatencies } from '../../shared/protocol/agent-event.ts';
import { bytesPerSample, type Encoding } from '../../shared/protocol/audio-format.ts';
import { BINARY_FLAG, readBinaryFrame, type BinaryFrameFault } from '../../shared/protocol/binary-frame.ts';
import { LARGEST_SEQ, type AgentMessageBody } from '../../shared/protocol/native-message.ts';
import { VoxError } from '../../shared/runtime/errors.ts';

/** What every numbered message of a caller has beside its content. */
interface Numbered {
  /** The caller's own number for it; 0 where the connection does not number. */
  readonly seq: number;
  /** Whether it was sent before, on an earlier connection. */
  readonly isResent: boolean;
  readonly priority: number | undefined;
  readonly timestampMs: number;
}

/** A caller's message, checked and decoded, whatever it looked like on the wire. */
export type CallerInput =
  | ({ readonly type: 'audio'; readonly payload: Uint8Array; readonly isBinary: boolean } & Numbered)
  | ({ readonly type: 'text'; readonly content: string } & Numbered)
  | { readonly type: 'cancel' }
  | { readonly type: 'ping' }
  | { readonly type: 'played'; readonly seq: number }
  /** Of numbering callers only: they have every agent message up to `seq`. */
  | { readonly type: 'ack'; readonly seq: number };

/** Why a message is not taken; `re` is the number of a numbered one, which its caller need not keep. */
export interface Refusal {
  readonly type: 'refusal';
  readonly error: VoxError;
  readonly re?: number;
}

/** What the decoder has to know of the session, the connection and the gateway. */
export interface InputLimits {
  readonly encoding: Encoding;
  readonly maxAudioMessageBytes: number;
  readonly maxTextChars: number;
  /** Whether the caller numbers audio and texts, and may acknowledge. */
  readonly isNumbered: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** A worker of another version may not know all of them. */
const NO_STAGES = Object.fromEntries(LATENCY_STAGES.map((stage) => [stage, 0])) as StageLatencies;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const FRAME_FAULTS: Readonly<Record<BinaryFrameFault, string>> = {
  short: 'a binary message starts with a header of 12 bytes',
  version: 'byte 0 of a binary message is the version, 1',
  kind: 'byte 1 of a binary message is the kind, 1 for audio',
  reserved: 'byte 3 of a binary message is 0, or 1 where a resumable client sends it again',
};

/** Reads a text message of the native wire. Never throws: what is wrong is the answer. */
export function decodeText(bytes: Uint8Array, limits: InputLimits): CallerInput | Refusal {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
  } catch (error) {
    return refusal(new VoxError('bad_json', error instanceof SyntaxError ? 'the message is not JSON' : 'the message could not be read as JSON'));
  }
  if (!isFields(value)) return refusal(new VoxError('bad_json', 'the message is JSON but no object'));
  const decoded = decodeFields(value, limits);
  if (!(decoded instanceof VoxError)) return decoded;
  return refusal(decoded, limits.isNumbered && isNumberedType(value['type']) ? value['seq'] : undefined);
}

/** Reads a binary message of the native wire; its payload is a view into `bytes`. Never throws. */
export function decodeBinary(bytes: Uint8Array, limits: InputLimits): CallerInput | Refusal {
  const frame = readBinaryFrame(bytes);
  if (typeof frame === 'string') return refusal(new VoxError('bad_frame', FRAME_FAULTS[frame]));
  const { isNumbered } = limits;
  const { payload, priority, timestampMs, flags = 0 } = frame;
  if (!isNumbered && flags !== 0) return refusal(new VoxError('bad_frame', FRAME_FAULTS.reserved));
  const seq = isNumbered ? frame.seq : 0;
  if (isNumbered && !isSeq(seq)) return refusal(expectedSeq());
  const fault = audioFault(payload.length, limits);
  if (fault !== undefined) return refusal(fault, isNumbered ? seq : undefined);
  return { type: 'audio', payload, priority, timestampMs, isBinary: true, seq, isResent: (flags & BINARY_FLAG.resent) !== 0 };
}

function refusal(error: VoxError, seq?: unknown): Refusal {
  return isSeq(seq) ? { type: 'refusal', error, re: seq } : { type: 'refusal', error };
}

function isNumberedType(type: unknown): boolean {
  return type === 'audio' || type === 'text';
}

function decodeFields(fields: Fields, limits: InputLimits): CallerInput | VoxError {
  switch (fields['type']) {
    case 'audio':
      return decodeAudio(fields, limits);
    case 'text':
      return decodeContent(fields, limits);
    case 'cancel':
      return { type: 'cancel' };
    case 'ping':
      return { type: 'ping' };
    case 'played':
      return decodePosition('played', fields);
    case 'ack':
      return limits.isNumbered ? decodePosition('ack', fields) : unknownType('ack', limits);
    default:
      return unknownType(fields['type'], limits);
  }
}

function decodeAudio(fields: Fields, limits: InputLimits): CallerInput | VoxError {
  const data = fields['data'];
  if (typeof data !== 'string') return expected('data', 'a base64 string');
  const fault = hintsFault(fields, limits);
  if (fault !== undefined) return fault;
  // Judged by its length before anything is decoded: four characters carry at most three bytes.
  if (data.length > Math.ceil(limits.maxAudioMessageBytes / 3) * 4) return tooLarge(limits);
  if (data.length % 4 !== 0 || !BASE64.test(data)) {
    return new VoxError('bad_base64', 'data: expected base64 with + and /, padded with = to a multiple of four characters');
  }
  const payload = Buffer.from(data, 'base64');
  return audioFault(payload.length, limits) ?? { type: 'audio', payload, ...hintsOf(fields, limits), isBinary: false };
}

function decodeContent(fields: Fields, limits: InputLimits): CallerInput | VoxError {
  const content = fields['content'];
  if (typeof content !== 'string' || content === '') return expected('content', 'a string that is not empty');
  if (content.length > limits.maxTextChars) {
    return new VoxError('text_too_long', `content: expected at most ${limits.maxTextChars} characters, got ${content.length}`);
  }
  return hintsFault(fields, limits) ?? { type: 'text', content, ...hintsOf(fields, limits) };
}

function decodePosition(type: 'played' | 'ack', fields: Fields): CallerInput | VoxError {
  const seq = fields['seq'];
  if (!isWholeNumber(seq) || seq > LARGEST_SEQ) return expected('seq', 'the seq of an agent message');
  return { type, seq };
}

function unknownType(type: unknown, { isNumbered }: InputLimits): VoxError {
  const types = `one of audio, text, cancel, ping, played${isNumbered ? ', ack' : ''}`;
  if (type === undefined || typeof type !== 'string') return expected('type', types);
  return new VoxError('unknown_type', `type: expected ${types}`);
}

function hintsFault({ priority, timestamp, seq, resent }: Fields, { isNumbered }: InputLimits): VoxError | undefined {
  if (priority !== undefined && !isWholeNumber(priority)) return expected('priority', 'a whole number from 0 on');
  if (timestamp !== undefined && !isPositive(timestamp)) return expected('timestamp', 'a number of milliseconds from 0 on');
  if (!isNumbered) return undefined;
  if (!isSeq(seq)) return expectedSeq();
  return resent === undefined || typeof resent === 'boolean' ? undefined : expected('resent', 'true or false');
}

function hintsOf({ priority, timestamp, seq, resent }: Fields, { isNumbered }: InputLimits): Numbered {
  return {
    priority: isWholeNumber(priority) ? priority : undefined,
    timestampMs: isPositive(timestamp) ? Math.trunc(timestamp) : 0,
    seq: isNumbered && isSeq(seq) ? seq : 0,
    isResent: isNumbered && resent === true,
  };
}

function audioFault(bytes: number, limits: InputLimits): VoxError | undefined {
  if (bytes > limits.maxAudioMessageBytes) return tooLarge(limits);
  const sampleBytes = bytesPerSample(limits.encoding);
  if (bytes > 0 && bytes % sampleBytes === 0) return undefined;
  return new VoxError('bad_audio_length', `expected one or more whole ${limits.encoding} samples of ${sampleBytes} bytes, got ${bytes} bytes`);
}

function expectedSeq(): VoxError {
  return expected('seq', 'the number of this message, counted from 1 over all connections of the session');
}

function tooLarge(limits: InputLimits): VoxError {
  return new VoxError('audio_too_large', `expected at most ${limits.maxAudioMessageBytes} bytes of audio in one message`);
}

function expected(path: string, what: string): VoxError {
  return new VoxError('bad_request', `${path}: expected ${what}`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWholeNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isSeq(value: unknown): value is number {
  return isWholeNumber(value) && value > 0 && value <= LARGEST_SEQ;
}

function isPositive(value: unknown): value is number {
  return Number.isFinite(value) && Number(value) >= 0;
}

/**
 * An agent's event as a message of the native wire. `egressMs` is how long the turn's first audio took from the worker to
 * the socket: only the gateway knows, and the whole is the sum of the parts. `isNumbered`: whether the caller numbers its
 * texts and so knows what `re` speaks of.
 */
export function encodeEvent(event: AgentEvent, egressMs: number, isNumbered: boolean): AgentMessageBody {
  switch (event.type) {
    case 'turn': {
      const stages = { ...NO_STAGES, ...event.stages, egress: egressMs };
      return { type: 'turn', turn: event.turn, mouth_to_ear_ms: Math.round(wholeMs(stages) * 100) / 100, stages_ms: stages };
    }
    case 'text':
      return { type: 'text', content: event.content, ...reference(event.re, isNumbered) };
    case 'error':
      return { ...encodeError(new VoxError(event.code, event.message, event.retryAfterMs, event.errorId)), ...reference(event.re, isNumbered) };
    default:
      return event;
  }
}

/** An error as a message of the native wire; `re` is the caller's number of what it is about. */
export function encodeError({ code, message, errorId, retryAfterMs }: VoxError, re?: number): AgentMessageBody {
  return { type: 'error', code, message, error_id: errorId, ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }), ...reference(re, true) };
}

function reference(re: number | undefined, isNumbered: boolean): { readonly re?: number } {
  return re === undefined || !isNumbered ? {} : { re };
}
