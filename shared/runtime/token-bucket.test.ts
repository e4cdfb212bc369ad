import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TokenBucket } from './token-bucket.ts';

function taken(bucket: TokenBucket, nowMs: number, tries: number): number {
  return Array.from({ length: tries }, () => bucket.take(nowMs)).filter(Boolean).length;
}

test('a bucket lets a burst through, then as much as flows in, and never more than a burst', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 20 });
  assert.equal(taken(bucket, 1000, 100), 20);
  assert.equal(taken(bucket, 1500, 100), 5);
  assert.equal(taken(bucket, 1599, 100), 0);
  assert.equal(taken(bucket, 1600, 100), 1);
  assert.equal(taken(bucket, 999_999, 100), 20);
});
