import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { LineCutter } from './lines.ts';
import { LogFile } from './log-file.ts';
import { terminalLine } from './terminal-line.ts';

test('lines are the same however the text arrives, and the last one is not lost', () => {
  const text = 'one\n\ntwo\nthree';
  for (let size = 1; size <= text.length; size += 1) {
    const lines: string[] = [];
    const cutter = new LineCutter((line) => lines.push(line));
    for (let at = 0; at < text.length; at += size) cutter.push(text.slice(at, at + size));
    cutter.end();
    assert.deepEqual(lines, ['one', '', 'two', 'three']);
  }
});

test('a line without end is cut, not kept', () => {
  const lines: string[] = [];
  const cutter = new LineCutter((line) => lines.push(line));
  for (let count = 0; count < 10; count += 1) cutter.push('x'.repeat(5000));
  cutter.push('\nnext\n');
  assert.deepEqual(lines.map((line) => line.length), [8192, 4]);
});

test('a log file starts empty and turns over when it is full', () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-log-'));
  const path = join(folder, 'a.log');
  try {
    for (const first of ['old', 'new']) {
      const file = new LogFile(path, 10);
      for (const line of [first, 'bbbbbb', 'c']) file.write(line);
      file.close();
    }
    assert.equal(readFileSync(`${path}.1`, 'utf8'), 'new\nbbbbbb\n');
    assert.equal(readFileSync(path, 'utf8'), 'c\n');
    assert.equal(existsSync(`${path}.2`), false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('warnings, errors and crashes reach the terminal in short, the rest does not', () => {
  assert.equal(terminalLine('{"level":"info","msg":"claimed"}'), undefined);
  assert.equal(terminalLine(''), undefined);
  assert.equal(terminalLine('{"level":"warn","time":"t","tier":"worker","id":"worker-1","msg":"shed","lane":"bulk","count":3}'), 'warn: shed lane=bulk count=3');
  assert.equal(terminalLine('{"level":"error","msg":"engine failed","err":{"message":"no model","stack":"…"},"private":"x"}'), 'error: engine failed (no model)');
  assert.equal(terminalLine('Error: no such module'), 'Error: no such module');
  assert.equal(terminalLine('3'), '3');
  assert.equal(terminalLine('Warning: uWS.HttpResponse writes must be made from within a corked callback. See documentation.'), undefined);
});
