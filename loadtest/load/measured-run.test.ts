import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyRecorder } from './latency-recorder.ts';
import { MeasuredRun } from './measured-run.ts';
import type { MeterWindow } from './meter.ts';

function windowOf(latencyMs: number): MeterWindow {
  const recorder = new LatencyRecorder();
  recorder.record(latencyMs);
  return { latencies: { answer: recorder.encode() }, lateness: recorder.encode(), counts: { asked: 3 }, faults: [] };
}

test('windows shorter than a second: points in time, rates a second, the last second together, warming up by the clock', () => {
  const run = new MeasuredRun(1, 200);
  for (let at = 0; at < 8; at += 1) for (const factor of [1, 10]) run.take(at, windowOf((at + 1) * factor), at < 7);
  assert.equal(run.wholeWindows, 7);
  assert.deepEqual(run.rates.map(({ atS, counts }) => [atS, counts['asked']]).slice(0, 3), [[0, 30], [0.2, 30], [0.4, 30]]);
  assert.equal(run.counts['asked'], 48, 'the last one counts, though it was cut');
  assert.deepEqual(run.series['answer']?.windows.map(({ atS }) => atS), [0, 0.2, 0.4, 0.6, 0.8, 1, 1.2]);
  assert.equal(run.series['answer'].summary.count, 6, 'two generators, three windows after the first second');
  assert.deepEqual([run.seriesAt('answer', 6).count, run.seriesBy('answer', 6).count, run.seriesBy('answer', 1).count], [2, 10, 4]);
  assert.equal(run.latenessBy(6).maxMs, 70);
  assert.deepEqual([run.toldAt(6), run.toldAt(8), run.secondsAfter(6)], [2, 0, 1.4]);
});
