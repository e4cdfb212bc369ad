import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyRecorder } from './latency-recorder.ts';
import { MeasuredRun } from './measured-run.ts';
import { ProgressView, sparks, type Progress } from './progress.ts';

function progress(windowMs = 1000, at = 0): Progress {
  const run = new MeasuredRun(0, windowMs);
  const recorder = new LatencyRecorder();
  recorder.record(5);
  run.take(0, { latencies: { added: recorder.encode() }, lateness: '', counts: { 'frames sent': 1 }, faults: [] }, true);
  return { title: 'relay, 1 caller', at, seconds: 3, headline: 'added', run, processes: [{ name: 'gateway-1', pid: 1, samples: [{ atS: 0, cpuPercent: 41, rssBytes: 1 }] }] };
}

test('a run is shown as one line a second, and redrawn in place on a terminal', () => {
  const lines: string[] = [];
  const plain = new ProgressView({ write: (text) => lines.push(text) });
  plain.window(progress());
  plain.window(progress());
  assert.equal(lines.length, 2);
  assert.match(lines[0] ?? '', /1\/3 s +relay, 1 caller +1\/s +p50 5\.00 ms .* gateway-1 41 %\n$/);
  const drawn: string[] = [];
  const terminal = new ProgressView({ isTTY: true, columns: 100, write: (text) => drawn.push(text) });
  terminal.window(progress());
  terminal.window(progress());
  assert.ok(drawn[1]?.startsWith('\u001b[5A\u001b[J'), 'goes back over the five lines it drew');
});

test('a line of a log is a second, however short the windows are, and tells of a second without anything that there was nothing', () => {
  const lines: string[] = [];
  const plain = new ProgressView({ write: (text) => lines.push(text) });
  for (const at of [0, 1, 2, 3, 4]) plain.window(progress(200, at));
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /1\/3 s .* 1\/s +p50 5\.00 ms/, 'what came in the first fifth of it');
  plain.window(progress(1000, 2));
  assert.match(lines[1] ?? '', /3\/3 s .* nothing came/);
});

test('a row of bars is as high as its highest', () => {
  assert.equal(sparks([0, 5, 10]), '▁▅█');
  assert.equal(sparks([]), '');
});
