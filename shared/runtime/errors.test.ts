import assert from 'node:assert/strict';
import { STATUS_CODES } from 'node:http';
import { test } from 'node:test';
import { CLOSE_TABLE, closeReason, ERROR_TABLE, newErrorId, VoxError, type CloseName } from './errors.ts';

test('every error code is a lower-case word with an HTTP error status and a sentence', () => {
  for (const [code, { status, meaning }] of Object.entries(ERROR_TABLE)) {
    assert.match(code, /^[a-z][a-z0-9_]*$/);
    assert.ok(status >= 400 && status <= 599 && STATUS_CODES[status] !== undefined, `${code} has status ${status}`);
    assert.match(meaning, /^[A-Z`].*\.$/, code);
  }
});

test('every close code is one a server may send, different from the others, with a reason that fits a close frame', () => {
  const closes = Object.values(CLOSE_TABLE);
  assert.equal(new Set(closes.map(({ code }) => code)).size, closes.length);
  for (const { code, reason } of closes) {
    // RFC 6455 §7.4: 1004–1006 and 1015 must not be sent; 3000–3999 arrive as 1006 from this server.
    assert.ok([1000, 1001, 1008, 1011, 1012, 1013].includes(code) || (code >= 4000 && code <= 4999), String(code));
    assert.ok(Buffer.byteLength(reason) <= 123);
  }
  for (const name of Object.keys(CLOSE_TABLE)) assert.ok(Buffer.byteLength(closeReason(name as CloseName, newErrorId())) <= 123);
});

test('an unknown session is closed with 1008 "Session not found", as existing clients expect', () => {
  assert.deepEqual(CLOSE_TABLE.session_not_found, { code: 1008, reason: 'Session not found' });
});

test('an error carries its code, its sentence and when to try again', () => {
  const error = new VoxError('at_capacity', 'every worker is full', 500);
  assert.deepEqual([error.name, error.code, error.message, error.retryAfterMs], ['VoxError', 'at_capacity', 'every worker is full', 500]);
  assert.equal(new VoxError('internal', 'x').retryAfterMs, undefined);
});

test('an error has one id that is easy to read out, its own unless it was made elsewhere', () => {
  const error = new VoxError('internal', 'x');
  assert.match(error.errorId, /^[0-9a-hjkmnp-tv-z]{10}$/);
  assert.equal(error.errorId, error.errorId);
  assert.equal(new Set(Array.from({ length: 1000 }, newErrorId)).size, 1000);
  assert.equal(new VoxError('internal', 'x', undefined, 'made-elsewhere').errorId, 'made-elsewhere');
  assert.equal(closeReason('session_lost', 'abc'), 'Session could not be taken over (error abc)');
});
