import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { startFleet } from './fleet.ts';

test('a fleet is ready when it resolves, can grow, survives a killed member and leaves nothing', { timeout: 280_000 }, async () => {
  const fleet = await startFleet({ gateways: 1, workers: 1 });
  const pids = [...fleet.gateways, ...fleet.workers].map(({ pid }) => pid);
  try {
    const added = await fleet.addWorker();
    pids.push(added.pid);
    for (const url of [...fleet.gatewayUrls, ...fleet.workers.map(({ adminUrl }) => adminUrl)]) {
      const response = await fetch(`${url}/health/ready`);
      assert.equal(response.status, 200, `${url} answers ${await response.text()}`);
    }
    assert.deepEqual(fleet.workers.map(({ id }) => id), ['worker-1', 'worker-2']);
    await added.kill('SIGKILL');
    assert.equal((await added.exited).signal, 'SIGKILL');
  } finally {
    await fleet.stop();
  }
  for (const pid of pids) assert.equal(existsSync(`/proc/${pid}`), false, `process ${pid} is still there`);
});

test('a fleet that cannot start says which member failed and leaves nothing', { timeout: 280_000 }, async (context) => {
  const printed = context.mock.method(process.stderr, 'write', () => true);
  await assert.rejects(startFleet({ workerEnv: { QUEUE_SIZE: 'many' } }), { name: 'StartError', message: /^worker-1 ended before it was ready/ });
  assert.match(String(printed.mock.calls[0]?.arguments[0]), /worker-1: .*QUEUE_SIZE/);
});
