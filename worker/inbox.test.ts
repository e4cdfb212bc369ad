import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GRANTED_LANES, type GrantedLane } from '../shared/protocol/lane.ts';
import { Inbox, type IngressFrame } from './inbox.ts';

function frameAt(seq: number, lane: GrantedLane = 'normal'): IngressFrame {
  const stamps = { receivedUs: 0, flushedUs: 0, arrivedUs: 0, takenUs: 0 };
  return { type: 1, lane, seq, isReplayed: false, payload: new Uint8Array(), stamps };
}

test('frames an earlier owner dealt with are dropped', () => {
  const inbox = new Inbox(10);
  assert.deepEqual([9, 10, 11].map((seq) => inbox.push(frameAt(seq))), [false, false, true]);
  assert.deepEqual([inbox.shift()?.seq, inbox.shift()], [11, undefined]);
});

test('a frame that comes again is dropped, also after it was taken out', () => {
  const inbox = new Inbox(0);
  assert.deepEqual([inbox.push(frameAt(1)), inbox.push(frameAt(1))], [true, false]);
  inbox.shift();
  assert.equal(inbox.push(frameAt(1)), false);
  assert.equal(inbox.shift(), undefined);
});

test('a gap is no reason to wait: a sender that gave up on a frame does not stop the session', () => {
  const inbox = new Inbox(0);
  assert.deepEqual([inbox.push(frameAt(1)), inbox.push(frameAt(5))], [true, true]);
});

test('whatever comes in which lane and how often, frames come out once each and in their order', () => {
  const arrivals = fc.array(fc.record({ seq: fc.nat(60), lane: fc.constantFrom(...GRANTED_LANES), take: fc.boolean() }), { maxLength: 150 });
  fc.assert(
    fc.property(fc.nat(20), arrivals, (committed, frames) => {
      const inbox = new Inbox(committed);
      const accepted: number[] = [];
      const taken: number[] = [];
      const take = (): boolean => {
        const frame = inbox.shift();
        if (frame !== undefined) taken.push(frame.seq);
        return frame !== undefined;
      };
      for (const { seq, lane, take: takes } of frames) {
        assert.equal(inbox.push(frameAt(seq, lane)), seq > Math.max(committed, ...accepted));
        if (seq > Math.max(committed, ...accepted)) accepted.push(seq);
        if (takes) take();
      }
      while (take());
      assert.deepEqual(taken, accepted);
    }),
  );
});
