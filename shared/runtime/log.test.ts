import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

test('a log line is JSON with tier, id and level word, and nothing under `private` is in it', () => {
  const program = `
    const { createLog } = await import(${JSON.stringify(new URL('./log.js', import.meta.url).href)});
    const log = createLog({ tier: 'worker', id: 'w1', level: 'info' });
    log.debug('not shown');
    log.info({ private: 'secret one', turn: { private: 'secret two', number: 3 } }, 'a turn is over');`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
  assert.equal(status, 0);
  assert.doesNotMatch(stdout, /secret|not shown/);
  const { time, ...line } = JSON.parse(stdout) as Record<string, unknown>;
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000);
  assert.deepEqual(line, { level: 'info', tier: 'worker', id: 'w1', private: '[redacted]', turn: { private: '[redacted]', number: 3 }, msg: 'a turn is over' });
});
