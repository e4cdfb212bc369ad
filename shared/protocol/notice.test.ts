import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noticeOf, type Notice } from './notice.ts';
import { pack, unpack } from './structured.ts';

const NOTICE: Notice = { atMs: 5, processId: 'worker-1', tier: 'worker', kind: 'error', code: 'shed', errorId: 'abc', sessionId: 's', detail: 'words', leftOut: 3 };

test('a notice is read as it was told', () => {
  assert.deepEqual(noticeOf(unpack(pack(NOTICE))), NOTICE);
});

test('what is no notice, and a kind of another version, is passed over', () => {
  const others = [undefined, null, 7, 'x', [], {}, { ...NOTICE, kind: 'eclipse' }, { ...NOTICE, atMs: NaN }, { ...NOTICE, tier: 'moon' }, { ...NOTICE, processId: 1 }];
  for (const said of others) assert.equal(noticeOf(said), undefined);
});

test('fields that are not as expected are left out, what is unknown too, and long words are cut', () => {
  const said = { atMs: 5.4, processId: 'g'.repeat(9999), tier: 'gateway', kind: 'takeover', code: 7, sessionId: {}, detail: 'x'.repeat(9999), leftOut: -1, more: 'of a newer one' };
  assert.deepEqual(noticeOf(said), { atMs: 5, processId: 'g'.repeat(300), tier: 'gateway', kind: 'takeover', detail: 'x'.repeat(300) });
});
