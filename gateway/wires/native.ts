import { LATENCY_STAGES, type AgentEvent } from '../../shared/protocol/agent-event.ts';
import { bytesPerSample, type Encoding } from '../../shared/protocol/audio-format.ts';
import { readBinaryFrame, type BinaryFrameFault } from '../../shared/protocol/binary-frame.ts';
import type { AgentMessageBody } from '../../shared/protocol/native-message.ts';
import { VoxError } from '../../shared/runtime/errors.ts';

/** A caller's message, checked and decoded, whatever it looked like on the wire. */
export type CallerInput =
  | { readonly type: 'audio'; readonly payload: Uint8Array; readonly priority: number | undefined; readonly timestampMs: number; readonly isBinary: boolean }
  | { readonly type: 'text'; readonly content: string; readonly priority: number | undefined; readonly timestampMs: number }
  | { readonly type: 'cancel' }
  | { readonly type: 'ping' }
  | { readonly type: 'played'; readonly seq: number };

/** What the decoder has to know of the session and the gateway. */
export interface InputLimits {
  readonly encoding: Encoding;
  readonly maxAudioMessageBytes: number;
  readonly maxTextChars: number;
}

type Fields = Readonly<Record<string, unknown>>;

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const LARGEST_U32 = 0xffff_ffff;

const FRAME_FAULTS: Readonly<Record<BinaryFrameFault, string>> = {
  short: 'a binary message starts with a header of 12 bytes',
  version: 'byte 0 of a binary message is the version, 1',
  kind: 'byte 1 of a binary message is the kind, 1 for audio',
  reserved: 'byte 3 of a binary message is 0',
};

/** Reads a text message of the native wire. Never throws: what is wrong is the answer. */
export function decodeText(bytes: Uint8Array, limits: InputLimits): CallerInput | VoxError {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8'));
  } catch (error) {
    return new VoxError('bad_json', error instanceof SyntaxError ? 'the message is not JSON' : 'the message could not be read as JSON');
  }
  if (!isFields(value)) return new VoxError('bad_json', 'the message is JSON but no object');
  return decodeFields(value, limits);
}

/** Reads a binary message of the native wire; its payload is a view into `bytes`. Never throws. */
export function decodeBinary(bytes: Uint8Array, limits: InputLimits): CallerInput | VoxError {
  const frame = readBinaryFrame(bytes);
  if (typeof frame === 'string') return new VoxError('bad_frame', FRAME_FAULTS[frame]);
  const { payload, priority, timestampMs } = frame;
  return audioFault(payload.length, limits) ?? { type: 'audio', payload, priority, timestampMs, isBinary: true };
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
      return decodePlayed(fields);
    default:
      return unknownType(fields['type']);
  }
}

function decodeAudio(fields: Fields, limits: InputLimits): CallerInput | VoxError {
  const data = fields['data'];
  if (typeof data !== 'string') return expected('data', 'a base64 string');
  const fault = hintsFault(fields);
  if (fault !== undefined) return fault;
  // Judged by its length before anything is decoded: four characters carry at most three bytes.
  if (data.length > Math.ceil(limits.maxAudioMessageBytes / 3) * 4) return tooLarge(limits);
  if (data.length % 4 !== 0 || !BASE64.test(data)) {
    return new VoxError('bad_base64', 'data: expected base64 with + and /, padded with = to a multiple of four characters');
  }
  const payload = Buffer.from(data, 'base64');
  return audioFault(payload.length, limits) ?? { type: 'audio', payload, ...hintsOf(fields), isBinary: false };
}

function decodeContent(fields: Fields, limits: InputLimits): CallerInput | VoxError {
  const content = fields['content'];
  if (typeof content !== 'string' || content === '') return expected('content', 'a string that is not empty');
  if (content.length > limits.maxTextChars) {
    return new VoxError('text_too_long', `content: expected at most ${limits.maxTextChars} characters, got ${content.length}`);
  }
  return hintsFault(fields) ?? { type: 'text', content, ...hintsOf(fields) };
}

function decodePlayed(fields: Fields): CallerInput | VoxError {
  const seq = fields['seq'];
  if (!isWholeNumber(seq) || seq > LARGEST_U32) return expected('seq', 'the seq of an agent message');
  return { type: 'played', seq };
}

function unknownType(type: unknown): VoxError {
  if (type === undefined || typeof type !== 'string') return expected('type', 'one of audio, text, cancel, ping, played');
  return new VoxError('unknown_type', 'type: expected one of audio, text, cancel, ping, played');
}

function hintsFault(fields: Fields): VoxError | undefined {
  const { priority, timestamp } = fields;
  if (priority !== undefined && !isWholeNumber(priority)) return expected('priority', 'a whole number from 0 on');
  if (timestamp !== undefined && !isPositive(timestamp)) return expected('timestamp', 'a number of milliseconds from 0 on');
  return undefined;
}

function hintsOf(fields: Fields): { readonly priority: number | undefined; readonly timestampMs: number } {
  const { priority, timestamp } = fields;
  return { priority: isWholeNumber(priority) ? priority : undefined, timestampMs: isPositive(timestamp) ? Math.trunc(timestamp) : 0 };
}

function audioFault(bytes: number, limits: InputLimits): VoxError | undefined {
  if (bytes > limits.maxAudioMessageBytes) return tooLarge(limits);
  const sampleBytes = bytesPerSample(limits.encoding);
  if (bytes > 0 && bytes % sampleBytes === 0) return undefined;
  return new VoxError('bad_audio_length', `expected one or more whole ${limits.encoding} samples of ${sampleBytes} bytes, got ${bytes} bytes`);
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

function isPositive(value: unknown): value is number {
  return Number.isFinite(value) && Number(value) >= 0;
}

/**
 * An agent's event as a message of the native wire. `egressMs` is how long the turn's first audio took from the worker to
 * the socket: only the gateway knows, and the whole is the sum of the parts.
 */
export function encodeEvent(event: AgentEvent, egressMs: number): AgentMessageBody {
  if (event.type === 'turn') {
    const stages = { ...event.stages, egress: egressMs };
    const wholeMs = LATENCY_STAGES.reduce((sum, stage) => sum + stages[stage], 0);
    return { type: 'turn', turn: event.turn, mouth_to_ear_ms: Math.round(wholeMs * 100) / 100, stages_ms: stages };
  }
  if (event.type !== 'error') return event;
  return encodeError(new VoxError(event.code, event.message, event.retryAfterMs));
}

/** An error as a message of the native wire. */
export function encodeError({ code, message, retryAfterMs }: VoxError): AgentMessageBody {
  return { type: 'error', code, message, ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }) };
}
