import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { GRANTED_LANES } from '../shared/protocol/lane.ts';
import { TurnPool, type Release } from './turn-pool.ts';

test('as many turns as there are places start at once, the next one when a place is given back', async () => {
  const pool = new TurnPool(2);
  const [first] = await Promise.all([pool.acquire('normal'), pool.acquire('normal')]);
  const third = pool.acquire('normal');
  assert.deepEqual([pool.computing, pool.waiting], [2, 1]);
  first();
  await third;
  assert.deepEqual([pool.computing, pool.waiting], [2, 0]);
});

test('giving a place back twice frees it once', async () => {
  const pool = new TurnPool(1);
  const release = await pool.acquire('normal');
  release();
  release();
  await pool.acquire('normal');
  const second = pool.acquire('normal');
  release();
  assert.deepEqual([pool.computing, pool.waiting], [1, 1]);
  assert.equal(await Promise.race([second.then(() => 'admitted'), turn('waiting')]), 'waiting');
});

test('an urgent turn is admitted before bulk that has waited longer', async () => {
  const pool = new TurnPool(1);
  const release = await pool.acquire('normal');
  const admitted: string[] = [];
  const waiting = (['bulk', 'urgent'] as const).map(async (lane) => {
    const done = await pool.acquire(lane);
    admitted.push(lane);
    done();
  });
  release();
  await Promise.all(waiting);
  assert.deepEqual(admitted, ['urgent', 'bulk']);
});

test('however turns come and go, never more than the size are computed and no place stays empty while one waits', async () => {
  const act = fc.oneof(fc.constantFrom(...GRANTED_LANES), fc.record({ release: fc.nat() }));
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(act, { maxLength: 80 }), async (size, acts) => {
      const pool = new TurnPool(size);
      const held: Release[] = [];
      let asked = 0;
      let given = 0;
      for (const next of acts) {
        if (typeof next === 'string') {
          asked += 1;
          void pool.acquire(next).then((release) => held.push(release));
        } else if (held.length > 0) {
          const [release] = held.splice(next.release % held.length, 1);
          release?.();
          given += 1;
        }
        await turn();
        assert.equal(pool.computing, Math.min(size, asked - given));
        assert.equal(pool.waiting, asked - given - pool.computing);
        assert.equal(held.length, pool.computing);
      }
    }),
    { numRuns: 60 },
  );
});
