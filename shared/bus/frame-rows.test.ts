import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FrameRows, type FrameRow } from './frame-rows.ts';
import { FrameSlab } from './frame-slab.ts';
import { SlabMemory } from './slab-memory.ts';

function rowOf(seq: number, audioMs: number): FrameRow {
  return { type: 1 + (seq % 3), lane: seq % 4, flags: seq % 65_536, seq, stampUs: (seq * 7919) >>> 0, mediaMs: seq * 20, audioMs, payload: new Uint8Array(seq % 50).fill(seq) };
}

test('whatever is appended, replaced, moved and forgotten, rows are what a plain list would hold', () => {
  const act = fc.oneof(
    { weight: 6, arbitrary: fc.record({ push: fc.constantFrom(0, 20, 12.5) }) },
    { weight: 3, arbitrary: fc.record({ shift: fc.integer({ min: 1, max: 90 }) }) },
    { weight: 1, arbitrary: fc.record({ set: fc.nat(100) }) },
    { weight: 1, arbitrary: fc.record({ move: fc.tuple(fc.nat(100), fc.nat(100)) }) },
  );
  fc.assert(fc.property(fc.array(act, { maxLength: 400 }), (acts) => {
    const rows = new FrameRows();
    const slab = new FrameSlab(new SlabMemory(0));
    let model: FrameRow[] = [];
    let seq = 0;
    for (const taken of acts) {
      if ('push' in taken) {
        seq += 1;
        const row = rowOf(seq, taken.push);
        rows.push(row, taken.push > 0 ? slab.add(row.payload) : undefined);
        model.push(row);
      } else if ('shift' in taken) {
        for (let i = 0; i < taken.shift; i += 1) rows.shift();
        model = model.slice(taken.shift);
      } else if ('set' in taken && taken.set < model.length) {
        const row = { ...rowOf(model[taken.set]?.seq ?? 0, 0), flags: 9, payload: Uint8Array.of(1, 2, 3) };
        rows.set(taken.set, row, undefined);
        model[taken.set] = row;
      } else if ('move' in taken && taken.move[0] < taken.move[1] && taken.move[1] < model.length) {
        const [from, to] = taken.move;
        // Numbers stay in order: what is between is forgotten with its place.
        for (let gone = 0; gone < to; gone += 1) if (gone !== from) model[gone] = rowOf(0, 0);
        const moved = model[from];
        rows.move(from, to);
        for (let gone = 0; gone < to; gone += 1) rows.shift();
        model = moved === undefined ? [] : [moved, ...model.slice(to + 1)];
      }
      assert.equal(rows.length, model.length);
    }
    assert.deepEqual(model.map((_, at) => rows.rowAt(at)), model);
    assert.deepEqual(model.map((_, at) => [rows.seqAt(at), rows.typeAt(at), rows.audioMsAt(at), rows.payloadBytesAt(at)]), model.map(({ seq: number, type, audioMs, payload }) => [number, type, audioMs, payload.length]));
    assert.deepEqual([rows.seqAt(model.length), rows.rowAt(model.length)], [Infinity, undefined]);
    for (const { seq: number } of model) assert.equal(rows.seqAt(rows.indexAfter(number - 1)), number);
  }));
});
