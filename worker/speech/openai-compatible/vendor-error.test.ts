import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readRetryAfterMs, vendorError } from './vendor-error.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

function messageOf(status: number, body: string): string {
  return vendorError(status, new Headers(), body, 'sk-secret', NOW_MS).message;
}

describe('errors of a vendor', () => {
  it('may pass with 408, 429 and 5xx and stay with the rest', () => {
    for (const status of [408, 429, 500, 502, 503, 529]) assert.equal(vendorError(status, new Headers(), '', '', NOW_MS).retryable, true);
    for (const status of [301, 400, 401, 403, 404, 413, 422]) assert.equal(vendorError(status, new Headers(), '', '', NOW_MS).retryable, false);
  });

  it('say what the vendor said, however it is wrapped', () => {
    assert.equal(messageOf(400, '{"error":{"message":"no such model"}}'), 'status 400: no such model');
    assert.equal(messageOf(404, '{"error":"model not found"}'), 'status 404: model not found');
    assert.equal(messageOf(422, '{"detail":"bad field"}'), 'status 422: bad field');
    assert.equal(messageOf(502, 'Bad Gateway\n'), 'status 502: Bad Gateway');
    assert.equal(messageOf(500, ''), 'status 500: no explanation');
    assert.equal(messageOf(500, 'null'), 'status 500: null');
    assert.equal(messageOf(500, 'x'.repeat(999)).length, 'status 500: '.length + 301);
  });

  it('never repeat the key', () => {
    assert.equal(messageOf(401, '{"error":{"message":"Incorrect API key provided: sk-secret"}}'), 'status 401: Incorrect API key provided: [key]');
  });

  it('carry how long the vendor asks to be left alone', () => {
    const read = (headers: Record<string, string>): number | undefined => readRetryAfterMs(new Headers(headers), NOW_MS);
    assert.equal(read({ 'retry-after': '2' }), 2000);
    assert.equal(read({ 'retry-after': new Date(NOW_MS + 5000).toUTCString() }), 5000);
    assert.equal(read({ 'retry-after': new Date(NOW_MS - 5000).toUTCString() }), 0);
    assert.equal(read({ 'retry-after': '2', 'retry-after-ms': '150' }), 150);
    assert.equal(read({ 'retry-after': 'soon' }), undefined);
    assert.equal(read({}), undefined);
  });
});
