import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { committedTraces } from './trace-shapes.ts';
import { formatTrace, parseTrace } from './trace.ts';

const FOLDER = join(packageRoot(), 'deploy', 'scaling', 'traces');
const HOW_TO_WRITE = 'WRITE_TRACES=1 node --test dist/deploy/scaling/trace-files.test.js';

for (const [file, trace] of committedTraces()) {
  test(`${file} is as its generator makes it (${HOW_TO_WRITE})`, () => {
    if (process.env['WRITE_TRACES'] === '1') writeFileSync(join(FOLDER, file), formatTrace(trace));
    assert.equal(readFileSync(join(FOLDER, file), 'utf8'), formatTrace(trace));
    assert.deepEqual(parseTrace(readFileSync(join(FOLDER, file), 'utf8')), trace);
  });
}

test('there is no trace without a generator', () => {
  assert.deepEqual(readdirSync(FOLDER).sort(), [...committedTraces().keys()].sort());
});

test('what is no trace is refused, with its line', () => {
  const head = 'minute,calls,mean_call_s,load';
  assert.throws(() => parseTrace('minute,calls\n0,1\n'), /line 1: expected "minute,calls,mean_call_s,load"/);
  assert.throws(() => parseTrace(`${head}\n`), /at least one minute/);
  for (const line of ['1,5,180,1', '0,5.5,180,1', '0,-1,180,1', '0,5,0,1', '0,5,180,0', '0,5,180', '0,5,180,1,1', '0,,180,1', '0,five,180,1']) {
    assert.throws(() => parseTrace(`${head}\n${line}`), /line 2: expected minute 0/, line);
  }
});
