import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LATENCY_STAGES, type StageLatencies } from '../../shared/protocol/agent-event.ts';
import { BINARY_KIND, writeBinaryFrame } from '../../shared/protocol/binary-frame.ts';
import { VoxError, type ErrorCode } from '../../shared/runtime/errors.ts';
import { decodeBinary, decodeText, encodeError, encodeEvent, type CallerInput, type InputLimits, type Refusal } from './native.ts';

const LIMITS: InputLimits = { encoding: 'pcm16', maxAudioMessageBytes: 8, maxTextChars: 5, isNumbered: false };
const NUMBERED: InputLimits = { ...LIMITS, isNumbered: true };
const base64 = (bytes: number): string => Buffer.alloc(bytes, 1).toString('base64');

function text(message: string | object, limits = LIMITS): CallerInput | Refusal {
  return decodeText(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)), limits);
}

function frame(bytes: number, change: (frame: Uint8Array) => void = () => undefined, limits = LIMITS): CallerInput | Refusal {
  const written = writeBinaryFrame({ kind: BINARY_KIND.audio, priority: 0, seq: 1, timestampMs: 7, payload: new Uint8Array(bytes) });
  change(written);
  return decodeBinary(written, limits);
}

const BAD: readonly (readonly [string, CallerInput | Refusal, ErrorCode, RegExp])[] = [
  ['nothing', text(''), 'bad_json', /not JSON/],
  ['half an object', text('{"type":'), 'bad_json', /not JSON/],
  ['an array', text('[]'), 'bad_json', /no object/],
  ['null', text('null'), 'bad_json', /no object/],
  ['no type', text({}), 'bad_request', /^type: expected one of/],
  ['a type that is a number', text({ type: 5 }), 'bad_request', /^type:/],
  ['a type nobody knows', text({ type: 'sing' }), 'unknown_type', /^type: expected one of/],
  ['a type from the prototype', text({ type: 'constructor' }), 'unknown_type', /^type:/],
  ['audio without data', text({ type: 'audio' }), 'bad_request', /^data: expected a base64 string/],
  ['audio with a list of numbers', text({ type: 'audio', data: [1, 2] }), 'bad_request', /^data:/],
  ['base64 with a stranger in it', text({ type: 'audio', data: 'AA!A' }), 'bad_base64', /^data:/],
  ['base64 without its padding', text({ type: 'audio', data: 'AAA' }), 'bad_base64', /^data:/],
  ['base64 for URLs', text({ type: 'audio', data: '__--' }), 'bad_base64', /^data:/],
  ['base64 padded in the middle', text({ type: 'audio', data: 'AA==AAAA' }), 'bad_base64', /^data:/],
  ['a letter beyond ASCII whose low byte is base64', text({ type: 'audio', data: 'ŁAAA' }), 'bad_base64', /^data:/],
  ['audio of no length', text({ type: 'audio', data: '' }), 'bad_audio_length', /0 bytes/],
  ['half a sample', text({ type: 'audio', data: base64(3) }), 'bad_audio_length', /3 bytes/],
  ['a little too much audio', text({ type: 'audio', data: base64(9) }), 'audio_too_large', /at most 8 bytes/],
  ['far too much audio', text({ type: 'audio', data: base64(900) }), 'audio_too_large', /at most 8 bytes/],
  ['a priority in words', text({ type: 'audio', data: base64(2), priority: 'high' }), 'bad_request', /^priority:/],
  ['a priority below zero', text({ type: 'text', content: 'x', priority: -1 }), 'bad_request', /^priority:/],
  ['half a priority', text({ type: 'text', content: 'x', priority: 0.5 }), 'bad_request', /^priority:/],
  ['a timestamp in words', text({ type: 'text', content: 'x', timestamp: 'now' }), 'bad_request', /^timestamp:/],
  ['an endless timestamp', text('{"type":"text","content":"x","timestamp":1e999}'), 'bad_request', /^timestamp:/],
  ['text without content', text({ type: 'text' }), 'bad_request', /^content:/],
  ['text that is a number', text({ type: 'text', content: 5 }), 'bad_request', /^content:/],
  ['empty text', text({ type: 'text', content: '' }), 'bad_request', /^content:/],
  ['text that is too long', text({ type: 'text', content: '123456' }), 'text_too_long', /at most 5 characters, got 6/],
  ['a playout mark without seq', text({ type: 'played' }), 'bad_request', /^seq:/],
  ['a playout mark beyond any seq', text({ type: 'played', seq: 2 ** 32 }), 'bad_request', /^seq:/],
  ['no bytes', decodeBinary(new Uint8Array(0), LIMITS), 'bad_frame', /12 bytes/],
  ['a header cut short', decodeBinary(new Uint8Array(11), LIMITS), 'bad_frame', /12 bytes/],
  ['another version', frame(2, (bytes) => (bytes[0] = 9)), 'bad_frame', /version/],
  ['another kind', frame(2, (bytes) => (bytes[1] = 9)), 'bad_frame', /kind/],
  ['a reserved bit in use', frame(2, (bytes) => (bytes[3] = 2)), 'bad_frame', /byte 3/],
  ['a frame sent again by a client that cannot resume', frame(2, (bytes) => (bytes[3] = 1)), 'bad_frame', /byte 3/],
  ['a frame without its number', frame(2, (bytes) => (bytes[4] = 0), NUMBERED), 'bad_request', /^seq: expected the number/],
  ['a text without its number', text({ type: 'text', content: 'x' }, NUMBERED), 'bad_request', /^seq: expected the number/],
  ['audio with the number 0', text({ type: 'audio', data: base64(2), seq: 0 }, NUMBERED), 'bad_request', /^seq:/],
  ['a number beyond any seq', text({ type: 'text', content: 'x', seq: 2 ** 32 }, NUMBERED), 'bad_request', /^seq:/],
  ['sent again in words', text({ type: 'text', content: 'x', seq: 1, resent: 'yes' }, NUMBERED), 'bad_request', /^resent: expected true or false/],
  ['an acknowledgement of nothing', text({ type: 'ack' }, NUMBERED), 'bad_request', /^seq:/],
  ['an acknowledgement by a client that cannot resume', text({ type: 'ack', seq: 1 }), 'unknown_type', /cancel, ping, played$/],
  ['a header alone', frame(0), 'bad_audio_length', /0 bytes/],
  ['half a sample in binary', frame(3), 'bad_audio_length', /3 bytes/],
  ['too much binary audio', frame(10), 'audio_too_large', /at most 8 bytes/],
];

for (const [name, decoded, code, message] of BAD) {
  test(`${name} is ${code}, and the message says what is expected`, () => {
    assert.ok(decoded.type === 'refusal', JSON.stringify(decoded));
    assert.equal(decoded.error.code, code);
    assert.match(decoded.error.message, message);
  });
}

const UNNUMBERED = { priority: undefined, timestampMs: 0, seq: 0, isResent: false } as const;

test('good messages are taken, unknown fields are passed over', () => {
  assert.deepEqual(text({ type: 'text', content: 'hi', priority: 2, timestamp: 12.7, mood: 'good' }), { type: 'text', content: 'hi', ...UNNUMBERED, priority: 2, timestampMs: 12 });
  assert.deepEqual(text({ type: 'audio', data: base64(4) }), { type: 'audio', payload: Buffer.alloc(4, 1), ...UNNUMBERED, isBinary: false });
  assert.deepEqual(text({ type: 'cancel' }), { type: 'cancel' });
  assert.deepEqual(text({ type: 'ping' }), { type: 'ping' });
  assert.deepEqual(text({ type: 'played', seq: 3 }), { type: 'played', seq: 3 });
  assert.deepEqual(frame(4), { type: 'audio', payload: new Uint8Array(4), ...UNNUMBERED, priority: 0, timestampMs: 7, isBinary: true });
});

test('a client that cannot resume may put anything where others have numbers', () => {
  assert.deepEqual(text({ type: 'text', content: 'hi', seq: 'x', resent: 5 }), { type: 'text', content: 'hi', ...UNNUMBERED });
});

test('a client that can resume numbers what it sends and says what it sends again', () => {
  const numbered = { ...UNNUMBERED, seq: 9, isResent: true };
  assert.deepEqual(text({ type: 'text', content: 'hi', seq: 9, resent: true }, NUMBERED), { type: 'text', content: 'hi', ...numbered });
  assert.deepEqual(text({ type: 'audio', data: base64(4), seq: 9, resent: true }, NUMBERED), { type: 'audio', payload: Buffer.alloc(4, 1), ...numbered, isBinary: false });
  const sent = frame(4, (bytes) => (bytes[3] = 1), NUMBERED);
  assert.deepEqual(sent, { type: 'audio', payload: new Uint8Array(4), ...UNNUMBERED, priority: 0, timestampMs: 7, isBinary: true, seq: 1, isResent: true });
  assert.deepEqual(text({ type: 'ack', seq: 7 }, NUMBERED), { type: 'ack', seq: 7 });
});

test('what is refused of a client that can resume is told by its number, so that it is not sent again', () => {
  const refused = [text({ type: 'text', content: '123456', seq: 9 }, NUMBERED), text({ type: 'audio', data: 'AAA', seq: 9 }, NUMBERED), frame(3, () => undefined, NUMBERED)];
  assert.deepEqual(refused.map((decoded) => decoded.type === 'refusal' && decoded.re), [9, 9, 1]);
  const told = [text({ type: 'text', content: '123456', seq: 9 }), text({ type: 'played', seq: -1 }, NUMBERED)];
  assert.ok(told.every((decoded) => decoded.type === 'refusal' && decoded.re === undefined));
});

test('answers name the text they are for to those who numbered it', () => {
  const answer = { type: 'text', content: 'hi', re: 4 } as const;
  const event = { type: 'error', code: 'shed', message: 'm', errorId: 'k3', re: 4 } as const;
  const error = { type: 'error', code: 'shed', message: 'm', error_id: 'k3' };
  assert.deepEqual([encodeEvent(answer, 0, true), encodeEvent(event, 0, true)], [answer, { ...error, re: 4 }]);
  assert.deepEqual(encodeEvent(answer, 0, false), { type: 'text', content: 'hi' });
  assert.deepEqual(encodeEvent(event, 0, false), error);
  assert.deepEqual(encodeError(new VoxError('shed', 'm', undefined, 'k3'), 4), { ...error, re: 4 });
});

test('a G.711 session takes single bytes, for they are whole samples', () => {
  const taken = decodeText(Buffer.from(JSON.stringify({ type: 'audio', data: base64(3) })), { ...LIMITS, encoding: 'ulaw' });
  assert.equal(taken.type, 'audio');
});

test('no bytes make a decoder throw, and what is refused is refused with a code', () => {
  const field = fc.oneof(fc.string(), fc.double(), fc.constantFrom('audio', 'text', 'played'), fc.base64String(), fc.jsonValue());
  const messages = fc.record({ type: field, data: field, content: field, seq: field, priority: field, timestamp: field }, { requiredKeys: [] });
  const bytes = fc.oneof(fc.uint8Array({ maxLength: 64 }), fc.json().map((json) => Buffer.from(json)), messages.map((message) => Buffer.from(JSON.stringify(message))));
  fc.assert(
    fc.property(bytes, (sent) => {
      for (const limits of [LIMITS, NUMBERED]) {
        for (const decoded of [decodeText(sent, limits), decodeBinary(sent, limits)]) {
          assert.ok(decoded.type === 'refusal' ? decoded.error.code !== 'internal' : decoded.type.length > 0);
        }
      }
    }),
    { numRuns: 3000 },
  );
});

test('mouth to ear is the sum of its parts, the last of which the gateway measured', () => {
  const stages = Object.fromEntries(LATENCY_STAGES.map((stage) => [stage, 1.111])) as StageLatencies;
  const message = encodeEvent({ type: 'turn', turn: 3, stages }, 5.5, false);
  assert.ok(message.type === 'turn');
  assert.equal(message.stages_ms.egress, 5.5);
  assert.equal(message.mouth_to_ear_ms, 15.5);
  assert.equal(message.turn, 3);
});

test('an error keeps its code and says when to come again', () => {
  assert.deepEqual(encodeEvent({ type: 'error', code: 'shed', message: 'm', retryAfterMs: 9, errorId: 'abcdefghjk' }, 0, false), { type: 'error', code: 'shed', message: 'm', error_id: 'abcdefghjk', retry_after_ms: 9 });
});
