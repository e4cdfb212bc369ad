import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ENVELOPE_FLAG } from '../shared/protocol/envelope.ts';
import { EgressOrder } from './egress-order.ts';

test('what follows is passed on once; what came before is a duplicate, also far back', () => {
  const order = new EgressOrder(7);
  assert.deepEqual([8, 9, 9, 8, 1, 10].map((seq) => order.place(seq, 0)), ['next', 'next', 'duplicate', 'duplicate', 'duplicate', 'next']);
  assert.equal(order.last, 10);
});

test('nothing behind a hole is passed on until what is missing has come', () => {
  const order = new EgressOrder(0);
  assert.deepEqual([1, 3, 4, 2, 3, 4].map((seq) => order.place(seq, 0)), ['next', 'hole', 'hole', 'next', 'next', 'next']);
});

test('a jump that is meant is taken, also while something is asked for', () => {
  const order = new EgressOrder(0);
  assert.equal(order.place(5, 0), 'hole');
  assert.equal(order.place(5, ENVELOPE_FLAG.gap), 'next');
  assert.equal(order.place(6, 0), 'next');
  assert.equal(order.asks(0), false);
});

test('what is missing is asked for at once, then after pauses that double until it comes', () => {
  const order = new EgressOrder(0);
  assert.equal(order.asks(1000), false);
  order.place(2, 0);
  assert.deepEqual([1000, 1001, 1249, 1250, 1749, 1750].map((nowMs) => order.asks(nowMs)), [true, false, false, true, false, true]);
  order.place(1, 0);
  assert.equal(order.asks(9000), false);
  order.place(3, 0);
  assert.equal(order.asks(9001), true, 'another hole is asked for at once');
});

test('a worker that answers eight requests with nothing is taken as it is', () => {
  const order = new EgressOrder(0);
  order.place(5, 0);
  const asked = [0, 250, 750, 1750, 3750, 7750, 11_750, 15_750];
  assert.deepEqual(asked.map((nowMs) => order.asks(nowMs)), asked.map(() => true));
  assert.equal(order.asks(19_749), false);
  assert.equal(order.place(6, 0), 'hole', 'the eighth request may still be answered');
  assert.equal(order.asks(19_750), false);
  assert.equal(order.place(7, 0), 'next');
});

test('what the caller has from an older connection is not passed on again', () => {
  const order = new EgressOrder(18);
  order.reached(20);
  assert.deepEqual([19, 20, 21].map((seq) => order.place(seq, 0)), ['duplicate', 'duplicate', 'next']);
  order.reached(3);
  assert.equal(order.last, 21);
});

test('another worker is asked anew', () => {
  const order = new EgressOrder(0);
  order.place(5, 0);
  order.asks(0);
  order.restart();
  assert.equal(order.asks(10), false);
  order.place(5, 0);
  assert.equal(order.asks(10), true);
});

test('over a bus that loses and repeats anything, everything arrives once and in order as long as it is sent again', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (losses) => {
      const order = new EgressOrder(0);
      const heard: number[] = [];
      const said = 20;
      let next = 1;
      let nowMs = 0;
      for (const isLost of [...losses, ...Array.from({ length: 2 * said }, () => false)]) {
        nowMs += 250;
        if (!isLost && next <= said && order.place(next, 0) === 'next') heard.push(next);
        next += 1;
        if (next > said || order.asks(nowMs)) next = order.last + 1;
        order.restart();
      }
      assert.deepEqual(heard, Array.from({ length: said }, (_, i) => i + 1));
    }),
  );
});
