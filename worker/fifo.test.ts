import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fifo } from './fifo.ts';

test('gives what it was given, oldest first, however many wait', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: -40, max: 60 }), { maxLength: 60 }), (steps) => {
    const fifo = new Fifo<number>();
    const model: number[] = [];
    let next = 0;
    for (const step of steps) {
      for (let i = 0; i < step * 20; i += 1) {
        fifo.push(next);
        model.push(next);
        next += 1;
      }
      for (let i = 0; i > step * 20; i -= 1) assert.equal(fifo.shift(), model.shift());
      assert.equal(fifo.size, model.length);
      assert.equal(fifo.first, model[0]);
    }
  }), { numRuns: 60 });
});
