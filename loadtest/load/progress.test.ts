import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyRecorder } from './latency-recorder.ts';
import { MeasuredRun } from './measured-run.ts';
import { ProgressView, sparks, type Progress } from './progress.ts';

function progress(): Progress {
  const run = new MeasuredRun(0);
  const recorder = new LatencyRecorder();
  recorder.record(5);
  run.take(0, { latencies: { added: recorder.encode() }, lateness: '', counts: { 'frames sent': 1 }, faults: [] }, true);
  return { title: 'relay, 1 callers', at: 0, seconds: 3, headline: 'added', run, processes: [{ name: 'gateway-1', pid: 1, samples: [{ atS: 0, cpuPercent: 41, rssBytes: 1 }] }] };
}

test('a run is shown as one line a second, and redrawn in place on a terminal', () => {
  const lines: string[] = [];
  const plain = new ProgressView({ write: (text) => lines.push(text) });
  plain.second(progress());
  plain.second(progress());
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? '', /1\/3 s +relay, 1 callers +1\/s +p50 5\.00 ms .* gateway-1 41 %\n$/);
  const drawn: string[] = [];
  const terminal = new ProgressView({ isTTY: true, columns: 100, write: (text) => drawn.push(text) });
  terminal.second(progress());
  terminal.second(progress());
  assert.ok(drawn[1]?.startsWith('\u001b[5A\u001b[J'), 'goes back over the five lines it drew');
});

test('a row of bars is as high as its highest', () => {
  assert.equal(sparks([0, 5, 10]), '▁▅█');
  assert.equal(sparks([]), '');
});
