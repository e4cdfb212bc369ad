import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WIDE_HOLE } from '../shared/protocol/envelope.ts';
import { GRANTED_LANES } from '../shared/protocol/lane.ts';
import { Inbox, type IngressFrame } from './inbox.ts';

function frameAt(seq: number, changes: Partial<IngressFrame> = {}): IngressFrame {
  const stamps = { receivedUs: 0, flushedUs: 0, arrivedUs: 0, takenUs: 0 };
  return { type: 1, lane: 'normal', seq, isReplayed: false, hole: 0, payload: new Uint8Array(), ...stamps, ...changes };
}

test('frames an earlier owner dealt with are dropped', () => {
  const inbox = new Inbox(10);
  assert.deepEqual([9, 10, 11].map((seq) => inbox.push(frameAt(seq))), ['duplicate', 'duplicate', 'taken']);
  assert.deepEqual([inbox.shift()?.seq, inbox.shift()], [11, undefined]);
});

test('a frame that comes again is dropped, also after it was taken out', () => {
  const inbox = new Inbox(0);
  assert.deepEqual([inbox.push(frameAt(1)), inbox.push(frameAt(1))], ['taken', 'duplicate']);
  inbox.shift();
  assert.equal(inbox.push(frameAt(1)), 'duplicate');
  assert.equal(inbox.shift(), undefined);
});

test('a jump that is meant is no reason to wait', () => {
  const inbox = new Inbox(0);
  assert.deepEqual([inbox.push(frameAt(1)), inbox.push(frameAt(5, { hole: 3 }))], ['taken', 'taken']);
  assert.equal(inbox.newest, 5);
});

test('a jump that is meant takes nothing with it that the bus lost before it', () => {
  const inbox = new Inbox(0);
  assert.deepEqual([inbox.push(frameAt(7, { hole: 4 })), inbox.mayAsk(0)], ['jump', true], 'the second was lost');
  assert.deepEqual([1, 2].map((seq) => inbox.push(frameAt(seq))), ['taken', 'taken']);
  assert.equal(inbox.push(frameAt(7, { hole: 4 })), 'taken');
});

test('a jump too wide to say how wide is taken once what may have been lost before it was asked for', () => {
  const inbox = new Inbox(2);
  assert.deepEqual([inbox.push(frameAt(500, { hole: WIDE_HOLE })), inbox.mayAsk(0)], ['jump', true]);
  assert.equal(inbox.push(frameAt(501)), 'jump', 'what follows on it does not come before it');
  assert.equal(inbox.push(frameAt(3)), 'taken');
  assert.deepEqual([inbox.push(frameAt(500, { hole: WIDE_HOLE })), inbox.mayAsk(10)], ['jump', true]);
  assert.deepEqual([500, 501].map((seq) => inbox.push(frameAt(seq, { hole: seq === 500 ? WIDE_HOLE : 0 }))), ['taken', 'taken']);
});

test('what the bus lost is asked for once until it comes, then again after 250 ms', () => {
  const inbox = new Inbox(0);
  assert.equal(inbox.mayAsk(0), false, 'nothing is missing yet');
  assert.deepEqual([inbox.push(frameAt(3)), inbox.mayAsk(1000)], ['jump', true]);
  assert.deepEqual([inbox.push(frameAt(4)), inbox.mayAsk(1020), inbox.mayAsk(1249)], ['jump', false, false]);
  assert.deepEqual([inbox.newest, inbox.mayAsk(1250)], [0, true]);
  assert.deepEqual([1, 2, 3].map((seq) => inbox.push(frameAt(seq))), ['taken', 'taken', 'taken']);
  assert.deepEqual([inbox.isMissingFrames, inbox.mayAsk(9999)], [false, false]);
  assert.deepEqual([inbox.push(frameAt(7)), inbox.mayAsk(9999)], ['jump', true], 'another loss is asked for at once');
});

test('pauses between requests double up to four seconds; a sender that answers none of eight does not understand: its jump is accepted', () => {
  const inbox = new Inbox(0);
  const asked = [];
  let acceptedAtMs: number | undefined;
  for (let nowMs = 0; acceptedAtMs === undefined && nowMs < 60_000; nowMs += 50) {
    if (inbox.push(frameAt(5 + nowMs / 50)) === 'taken') acceptedAtMs = nowMs;
    if (inbox.mayAsk(nowMs)) asked.push(nowMs);
  }
  assert.deepEqual(asked, [0, 250, 750, 1750, 3750, 7750, 11_750, 15_750]);
  assert.equal(acceptedAtMs, 19_800, 'the last one had its time');
  assert.equal(inbox.push(frameAt(inbox.newest + 1)), 'taken');
});

test('what arrives behind a replayed frame counts as replayed until that is taken out', () => {
  const inbox = new Inbox(0);
  inbox.push(frameAt(1, { isReplayed: true }));
  inbox.push(frameAt(2));
  inbox.shift();
  inbox.push(frameAt(3));
  assert.deepEqual([inbox.shift()?.isReplayed, inbox.shift()?.isReplayed], [true, true]);
  inbox.push(frameAt(4));
  assert.equal(inbox.shift()?.isReplayed, false);
});

test('whatever is lost, doubled and sent again, every frame comes out once and in order', () => {
  const journeys = fc.array(fc.record({ lost: fc.boolean(), doubled: fc.boolean(), lane: fc.constantFrom(...GRANTED_LANES), take: fc.boolean() }), { maxLength: 100 });
  fc.assert(
    fc.property(fc.nat(20), journeys, (committed, frames) => {
      const inbox = new Inbox(committed);
      const taken: number[] = [];
      const sent: number[] = [];
      for (const [index, { lost, doubled, lane, take }] of frames.entries()) {
        const seq = committed + 1 + index;
        sent.push(seq);
        for (let copy = lost ? 1 : 0; copy < (doubled ? 2 : 1); copy++) inbox.push(frameAt(seq, { lane }));
        if (inbox.mayAsk(index)) for (const again of sent.filter((one) => one > inbox.newest)) inbox.push(frameAt(again, { lane, isReplayed: true }));
        if (take) taken.push(...seqOf(inbox.shift()));
      }
      // The tail is known to be lost once something follows it.
      for (const again of sent.filter((one) => one > inbox.newest)) inbox.push(frameAt(again));
      while (inbox.length > 0) taken.push(...seqOf(inbox.shift()));
      assert.deepEqual(taken, sent);
    }),
  );
});

function seqOf(frame: IngressFrame | undefined): number[] {
  return frame === undefined ? [] : [frame.seq];
}
