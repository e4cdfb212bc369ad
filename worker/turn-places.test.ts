import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TurnPlaces } from './turn-places.ts';
import { TurnPool } from './turn-pool.ts';

test('a step that computes here takes a place, one that waits for a service elsewhere does not', async () => {
  const pool = new TurnPool(1);
  const places = new TurnPlaces(pool, { recognizer: true, responder: false });
  const release = await places.take('recognizer', 'normal');
  for (let turn = 0; turn < 10; turn++) await places.take('responder', 'normal');
  assert.deepEqual([pool.computing, pool.waiting], [1, 0]);
  release();
  assert.equal(pool.computing, 0);
});

test('a place is kept for the answer only where the answer computes here too', () => {
  const pool = new TurnPool(1);
  const areKept = (recognizer: boolean, responder: boolean): boolean => new TurnPlaces(pool, { recognizer, responder }).areKept;
  assert.deepEqual([areKept(true, true), areKept(true, false), areKept(false, true)], [true, false, false]);
});
