import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FleetEvent, FleetSnapshot, HistoryPoint } from '../shared/protocol/fleet-snapshot.ts';
import { cutEvents } from './page/fleet-cutter.ts';
import { eventWords } from './page/fleet-words.ts';
import { roundAbove, runsOf, stackedBands } from './page/stacked-bands.ts';

function point(at_ms: number, stages_ms: Record<string, number> = { lane: 1 }, turns = 1): HistoryPoint {
  return { at_ms, callers: 1, turns, p50_ms: 1, p95_ms: 1, stages_ms };
}

test('bands lie on each other, and are together as high as the whole', () => {
  const scale = { fromMs: 0, toMs: 10, mostMs: 100 };
  const bands = stackedBands([point(0, { a: 10, b: 40 }), point(10, { a: 20 })], ['a', 'b'], scale);
  assert.deepEqual(bands.map(({ upper }) => upper.map(({ x, y }) => [x, y])), [[[0, 0.1], [1, 0.2]], [[0, 0.5], [1, 0.2]]]);
  assert.deepEqual(bands[1]?.lower, bands[0]?.upper);
});

test('where nobody was answered, or nobody looked, the plot has a gap', () => {
  const history = [point(0), point(5000), point(10_000, {}, 0), point(15_000), point(40_000)];
  assert.deepEqual(runsOf(history).map((run) => run.map(({ at_ms }) => at_ms)), [[0, 5000], [15_000], [40_000]]);
});

test('an axis ends at a round number whose half is round', () => {
  assert.deepEqual([0.3, 7, 90, 101, 389, 1000, 2300].map(roundAbove), [1, 8, 100, 200, 400, 1000, 4000]);
});

test('events are told in words, several alike in one sentence, and kinds of another version by their names', () => {
  const event: FleetEvent = { kind: 'takeover', tier: 'gateway', at_ms: 0, last_at_ms: 0, count: 3, process_ids: ['g'], session_ids: [], detail: '' };
  assert.deepEqual(eventWords(event), { words: '3 calls were taken over', gravity: 'notable', who: 'g' });
  assert.equal(eventWords({ ...event, kind: 'session_lost', count: 1, detail: 'no worker' }).words, 'A call was lost: no worker');
  assert.deepEqual(eventWords({ ...event, kind: 'gone', count: 2, process_ids: ['a', 'b'] }), { words: 'a, b are gone', gravity: 'bad', who: '' });
  assert.equal(eventWords({ ...event, kind: 'eclipse' as FleetEvent['kind'] }).words, 'eclipse');
});

test('a stream is cut into snapshots wherever its pieces were cut', () => {
  const snapshot = { at_ms: 1, gateway_id: 'g' } as FleetSnapshot;
  const text = `data: ${JSON.stringify(snapshot)}\n\n`;
  const first = cutEvents(text + text.slice(0, 9));
  assert.deepEqual(first, { snapshots: [snapshot], rest: text.slice(0, 9) });
  assert.deepEqual(cutEvents(first.rest + text.slice(9)), { snapshots: [snapshot], rest: '' });
});
