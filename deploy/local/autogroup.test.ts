import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { startProcess } from './processes.ts';

const GROUPS = '/proc/self/autogroup';

test('a process yields to all others until it is ready, and no longer', { skip: existsSync(GROUPS) ? false : 'this kernel has no autogroups' }, async () => {
  const seen: number[] = [];
  const isReady = async (pid: number): Promise<boolean> => {
    seen.push(nicenessOf(pid));
    return seen.length === 2;
  };
  const sleeper = await startProcess({ name: 'sleeper', command: '/bin/sleep', args: ['60'], isReady });
  const after = nicenessOf(sleeper.pid);
  await sleeper.stop();
  assert.deepEqual(seen, [10, 10]);
  assert.equal(after, 0);
  assert.notEqual(nicenessOf(process.pid), 10);
});

test('a process that ends before it is ready is told as ever', async () => {
  await assert.rejects(startProcess({ name: 'short', command: '/bin/true', args: [], isReady: async () => false }), /short/);
});

function nicenessOf(pid: number): number {
  return Number(/nice (-?\d+)/.exec(readFileSync(`/proc/${pid}/autogroup`, 'utf8'))?.[1]);
}
