import { LATENCY_STAGES, type StageLatencies } from '../protocol/agent-event.ts';
import { ENCODINGS, SAMPLE_RATES_HZ } from '../protocol/audio-format.ts';
import type { AgentMessage, AgentMessageBody, WireFormat } from '../protocol/native-message.ts';

type Fields = Readonly<Record<string, unknown>>;

const BODY_CHECKS: Readonly<Record<AgentMessageBody['type'], (fields: Fields) => boolean>> = {
  ready: (fields) =>
    isString(fields['session_id']) &&
    isAudio(fields['audio']) &&
    (fields['ingress'] === undefined || isPlace(fields['ingress'])) &&
    (fields['resume'] === undefined || isTicket(fields['resume'])),
  resume_token: isTicket,
  ack: (fields) => isNumber(fields['committed']),
  goaway: (fields) => isNumber(fields['reconnect_after_ms']),
  transcript: (fields) =>
    (fields['role'] === 'caller' || fields['role'] === 'agent') &&
    isString(fields['text']) &&
    typeof fields['final'] === 'boolean' &&
    isNumber(fields['turn']),
  text: (fields) => isString(fields['content']) && isOptionalNumber(fields['re']),
  audio: (fields) => isString(fields['data']) && isNumber(fields['timestamp']),
  speech_started: () => true,
  speech_stopped: () => true,
  turn: (fields) => isNumber(fields['turn']) && isNumber(fields['mouth_to_ear_ms']) && isStages(fields['stages_ms']),
  clear: () => true,
  pong: () => true,
  error: (fields) =>
    isString(fields['code']) && isString(fields['message']) && (fields['error_id'] === undefined || isString(fields['error_id'])) && isOptionalNumber(fields['retry_after_ms']) && isOptionalNumber(fields['re']),
};

/**
 * Reads one JSON message of the native wire. Never throws: what is no known message gives undefined, so that a newer
 * gateway may say more than this client understands. An error's code may be newer than this client's table as well.
 */
export function readAgentMessage(text: string): AgentMessage | undefined {
  const value = parsed(text);
  return isAgentMessage(value) ? value : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON is as unknown as a type nobody has heard of; the caller is told by the missing message.
    return undefined;
  }
}

function isAgentMessage(value: unknown): value is AgentMessage {
  if (!isFields(value) || !isNumber(value['seq'])) return false;
  const type = value['type'];
  return isString(type) && isBodyType(type) && BODY_CHECKS[type](value);
}

function isBodyType(type: string): type is AgentMessageBody['type'] {
  return Object.hasOwn(BODY_CHECKS, type);
}

function isAudio(value: unknown): boolean {
  return isFields(value) && isFormat(value['input']) && isFormat(value['output']);
}

function isFormat(value: unknown): value is WireFormat {
  if (!isFields(value)) return false;
  return ENCODINGS.some((name) => name === value['encoding']) && SAMPLE_RATES_HZ.some((rate) => rate === value['sample_rate']);
}

function isStages(value: unknown): value is StageLatencies {
  return isFields(value) && LATENCY_STAGES.every((stage) => isNumber(value[stage]));
}

function isPlace(value: unknown): boolean {
  return isFields(value) && isNumber(value['committed']) && isNumber(value['received']);
}

function isTicket(value: unknown): boolean {
  return isFields(value) && isString(value['token']) && isString(value['expires_at']);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isString(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isOptionalNumber(value: unknown): boolean {
  return value === undefined || isNumber(value);
}
