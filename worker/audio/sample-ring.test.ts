import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SampleRing } from './sample-ring.ts';

test('what was pushed can be had again by its number', () => {
  const ring = new SampleRing(8);
  ring.push(Int16Array.of(10, 11, 12, 13));
  assert.equal(ring.end, 4);
  assert.deepEqual(ring.since(1), Int16Array.of(11, 12, 13));
});

test('what is older than the capacity is forgotten: the oldest that is held comes instead', () => {
  const ring = new SampleRing(4);
  ring.push(Int16Array.of(0, 1, 2, 3, 4, 5));
  assert.deepEqual(ring.since(0), Int16Array.of(2, 3, 4, 5));
  assert.deepEqual(ring.since(-100), Int16Array.of(2, 3, 4, 5));
});

test('there is nothing from the end on, nor beyond it', () => {
  const ring = new SampleRing(4);
  ring.push(Int16Array.of(1, 2));
  assert.deepEqual([ring.since(2).length, ring.since(99).length], [0, 0]);
});

test('a copy is the asker\'s own', () => {
  const ring = new SampleRing(4);
  ring.push(Int16Array.of(1, 2));
  ring.since(0).fill(9);
  assert.deepEqual(ring.since(0), Int16Array.of(1, 2));
});

test('however the stream is cut, it holds exactly its newest samples', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.array(fc.nat(90), { maxLength: 30 }), fc.integer({ min: -10, max: 400 }), (capacity, lengths, since) => {
      const ring = new SampleRing(capacity);
      const all: number[] = [];
      for (const length of lengths) {
        const samples = Array.from({ length }, (_, i) => (all.length + i) % 30_000);
        all.push(...samples);
        ring.push(Int16Array.from(samples));
        assert.equal(ring.end, all.length);
        assert.deepEqual([...ring.since(since)], all.slice(Math.max(0, since, all.length - capacity)));
      }
    }),
  );
});
