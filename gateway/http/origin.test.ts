import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from './exchange.ts';
import { checkOrigin } from './origin.ts';

function from(origin: string | undefined, host = 'voice.example:8080'): HttpRequest {
  const headers = new Map([['host', host], ...(origin === undefined ? [] : [['origin', origin] as const])]);
  return { method: 'POST', path: '/sessions', query: new URLSearchParams(), headers, body: new Uint8Array() };
}

test('programs, pages of this gateway, of this machine and of allowed origins pass', () => {
  for (const origin of [undefined, 'http://voice.example:8080', 'http://localhost:3000', 'http://127.0.0.1:5173', 'http://[::1]:3000']) {
    assert.doesNotThrow(() => checkOrigin(from(origin), []), origin);
  }
  assert.doesNotThrow(() => checkOrigin(from('https://app.example'), ['https://app.example']));
});

test('pages of other websites are refused, and those that hide where they are from', () => {
  for (const origin of ['https://evil.example', 'http://voice.example', 'http://localhost.evil.example', 'null', 'file://', 'nonsense']) {
    assert.throws(() => checkOrigin(from(origin), ['https://app.example']), { code: 'foreign_origin' }, origin);
  }
});
