import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { SlabMemory } from '../shared/bus/slab-memory.ts';
import { FRAME_COST_BYTES, ReplayRing, type KeptFrame } from './replay-ring.ts';

const LIMITS = { maxAudioMs: 100, maxAudioBytes: 1_000_000, maxTextBytes: 10 * (FRAME_COST_BYTES + 10) };

/** Shared by all rings here, as by all of a process: what is used again must not show. */
const memory = new SlabMemory(100_000);

function kept(seq: number, audioMs = 20): KeptFrame {
  return { type: audioMs > 0 ? 1 : 2, lane: 2, flags: 0, seq, stampUs: 0, mediaMs: 0, payload: new Uint8Array(10), audioMs };
}

function seqsAfter(ring: ReplayRing, seq: number): number[] {
  const seqs: number[] = [];
  for (let frame = ring.after(seq); frame !== undefined; frame = ring.after(frame.seq)) seqs.push(frame.seq);
  return seqs;
}

test('what was released is gone, what was not is given in order', () => {
  const ring = new ReplayRing(LIMITS, memory);
  for (const seq of [1, 2, 3, 4, 5]) assert.deepEqual(ring.push(kept(seq)), []);
  ring.release(2);
  assert.deepEqual(seqsAfter(ring, 0), [3, 4, 5]);
  assert.deepEqual(seqsAfter(ring, 4), [5]);
  assert.equal(ring.countUpTo(4), 2);
  ring.release(9);
  assert.equal(ring.length, 0);
  assert.deepEqual(seqsAfter(ring, 0), []);
});

test('beyond its limit of sound the oldest audio goes, text stays where it was', () => {
  const ring = new ReplayRing(LIMITS, memory);
  ring.push(kept(1, 0));
  for (const seq of [2, 3]) ring.push(kept(seq));
  ring.push(kept(4, 0));
  for (const seq of [5, 6, 7]) ring.push(kept(seq));
  assert.deepEqual(ring.push(kept(8, 40)), [2, 3]);
  assert.deepEqual(seqsAfter(ring, 0), [1, 4, 5, 6, 7, 8]);
});

test('a caller who sends a sample at a time is bounded by bytes, those that lie beside kept ones among them', () => {
  const maxAudioBytes = 10 * (FRAME_COST_BYTES + 10);
  const ring = new ReplayRing({ ...LIMITS, maxAudioBytes }, memory);
  for (let seq = 1; seq <= 100; seq++) {
    ring.push(kept(seq, 0.0625));
    assert.ok(ring.bytes <= maxAudioBytes);
    assert.ok(ring.length >= Math.min(seq, 8));
  }
  assert.equal(seqsAfter(ring, 0).at(-1), 100);
  ring.release(100);
  assert.equal(ring.bytes, 0);
});

test('audio is copied: what it came in may be used for something else', () => {
  const ring = new ReplayRing({ ...LIMITS, maxAudioMs: 10_000 }, memory);
  const buffer = new Uint8Array(3000);
  // Lengths that share memory, that do not fit what is left, and that have memory of their own.
  const lengths = [10, 10, 30, 2, 3000, 640, 640, 10, 2048, 2049];
  for (const [i, length] of lengths.entries()) ring.push({ ...kept(i + 1), payload: buffer.subarray(0, length).fill(i + 1) });
  buffer.fill(0);
  ring.release(2);
  for (const [i, length] of lengths.entries()) {
    if (i >= 2) assert.deepEqual(ring.after(i)?.payload, new Uint8Array(length).fill(i + 1));
  }
});

test('there is room for so much text and no more, and audio takes none of it', () => {
  const ring = new ReplayRing(LIMITS, memory);
  for (let seq = 1; seq <= 5; seq++) ring.push(kept(seq));
  let texts = 0;
  for (; ring.hasRoomForText(10); texts++) ring.push(kept(10 + texts, 0));
  assert.equal(texts, 10);
  assert.equal(ring.countTextsAfter(14), 5);
  ring.release(10);
  assert.equal(ring.hasRoomForText(10), true);
});

test('a frame is replaced where it stands, and only while it is kept', () => {
  const ring = new ReplayRing(LIMITS, memory);
  for (const seq of [1, 4, 7]) ring.push(kept(seq, 0));
  ring.replace({ ...kept(4, 0), flags: 4, payload: new Uint8Array(10 * (FRAME_COST_BYTES + 10) - 2 * (FRAME_COST_BYTES + 10) - FRAME_COST_BYTES) });
  assert.deepEqual(seqsAfter(ring, 0), [1, 4, 7]);
  assert.equal(ring.after(3)?.flags, 4);
  assert.equal(ring.hasRoomForText(0), false);
  ring.release(4);
  ring.replace({ ...kept(4, 0), flags: 4 });
  ring.replace({ ...kept(6, 0), flags: 4 });
  assert.deepEqual(seqsAfter(ring, 0), [7]);
  assert.equal(ring.after(0)?.flags, 0);
});

test('whatever is pushed and released, the ring holds what a plain list would, within its limits', () => {
  const step = fc.oneof(
    fc.record({ push: fc.constantFrom(0, 5, 20, 60) }),
    fc.record({ release: fc.nat(400) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const ring = new ReplayRing(LIMITS, memory);
      let model: KeptFrame[] = [];
      let seq = 0;
      for (const taken of steps) {
        if ('push' in taken) {
          seq += 1;
          const frame = kept(seq, taken.push);
          const dropped = ring.push(frame);
          assert.ok(model.every((known) => known.audioMs > 0 || !dropped.includes(known.seq)));
          model = [...model, frame].filter((known) => !dropped.includes(known.seq));
        } else {
          ring.release(taken.release);
          model = model.filter((known) => known.seq > taken.release);
        }
        assert.ok(model.reduce((sum, { audioMs }) => sum + audioMs, 0) <= LIMITS.maxAudioMs);
        assert.equal(ring.length, model.length);
      }
      assert.deepEqual(seqsAfter(ring, 0), model.map((known) => known.seq));
    }),
  );
});

test('a long call does not grow the ring: thousands pass through and the newest are found', () => {
  const ring = new ReplayRing(LIMITS, memory);
  for (let seq = 1; seq <= 50_000; seq++) {
    ring.push(kept(seq));
    ring.release(seq - 3);
  }
  assert.deepEqual(seqsAfter(ring, 0), [49_998, 49_999, 50_000]);
});

test('the newest audio is kept however long it is: it has not been sent yet', () => {
  const ring = new ReplayRing(LIMITS, memory);
  ring.push(kept(1));
  assert.deepEqual(ring.push(kept(2, 5000)), [1]);
  assert.deepEqual(seqsAfter(ring, 0), [2]);
});

test('what the ring gave up is not held on to', async () => {
  const ring = new ReplayRing({ ...LIMITS, maxAudioMs: 1_000_000, maxAudioBytes: 4_000_000 }, new SlabMemory(0));
  const collected: number[] = [];
  const registry = new FinalizationRegistry<number>((seq) => collected.push(seq));
  for (let seq = 1; seq <= 40; seq++) {
    ring.push({ ...kept(seq), payload: new Uint8Array(seq % 2 === 0 ? 256_000 : 256) });
    const bytes = ring.after(seq - 1)?.payload.buffer;
    assert.ok(bytes !== undefined);
    registry.register(bytes, seq);
  }
  ring.release(30);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let tries = 0; tries < 50 && collected.length < 30; tries++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(collected.length >= 30, `${collected.length} of 30 were let go`);
  assert.ok(ring.length > 0);
});
