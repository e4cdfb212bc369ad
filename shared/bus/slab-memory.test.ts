import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameSlab } from './frame-slab.ts';
import { SlabMemory } from './slab-memory.ts';

test('a piece that was given back is used again, by whoever asks for one of its length', () => {
  const memory = new SlabMemory(1000);
  const piece = memory.take(100);
  memory.giveBack(piece);
  assert.equal(memory.bytes, 100);
  assert.notEqual(memory.take(101), piece);
  assert.equal(memory.take(100), piece);
  assert.equal(memory.bytes, 0);
  assert.notEqual(memory.take(100), piece);
});

test('no more than was allowed waits, however many pieces of however many lengths are given back', () => {
  const memory = new SlabMemory(1000);
  for (let i = 0; i < 30; i += 1) memory.giveBack(new Uint8Array(90));
  assert.equal(memory.bytes, 990);
  const large = new SlabMemory(1_000_000);
  large.giveBack(new Uint8Array(20_000));
  assert.equal(large.bytes, 0);
  for (let bytes = 1; bytes <= 1000; bytes += 1) large.giveBack(new Uint8Array(bytes));
  assert.equal(large.bytes, (64 * 65) / 2);
});

test('frames that are kept stay as they are while others come and go in memory used before', () => {
  const memory = new SlabMemory(100_000);
  const slabs = [new FrameSlab(memory), new FrameSlab(memory)];
  const kept: { readonly slab: FrameSlab; readonly chunk: ReturnType<FrameSlab['add']>; readonly from: number; readonly to: number; readonly mark: number }[] = [];
  for (let round = 0; round < 500; round += 1) {
    const slab = slabs[round % 2] ?? new FrameSlab(memory);
    const length = round % 3 === 0 ? 640 : 160;
    const mark = round % 251;
    const chunk = slab.add(new Uint8Array(length).fill(mark));
    kept.push({ slab, chunk, from: chunk.usedBytes - length, to: chunk.usedBytes, mark });
    const oldest = kept.length > 20 ? kept.shift() : undefined;
    oldest?.slab.release(oldest.chunk);
    for (const frame of kept) assert.ok(frame.chunk.bytes.subarray(frame.from, frame.to).every((byte) => byte === frame.mark));
  }
  for (const { slab, chunk } of kept) slab.release(chunk);
  assert.deepEqual(slabs.map(({ bytes }) => bytes), [0, 0]);
});
