import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { natsCluster, primaryIs, redisSentinel, type ServerSet } from './fleet-servers.ts';
import type { FleetServer } from './fleet-server.ts';
import { answers } from './servers.ts';

async function stopAll({ servers, sentinels }: ServerSet): Promise<void> {
  await Promise.all([...sentinels, ...servers].map((server) => server.stop()));
}

/** Asks until it is so, or the test is over: what a failover takes is not asserted. */
async function until({ signal }: TestContext, holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(50, undefined, { signal });
}

/**
 * Whether the Sentinels agree on `primary` and `replica` follows it. Which of the two is the primary is theirs to say: a machine that
 * stands still for a second looks to them like a primary that died, and they swap the two once more.
 */
async function follows({ sentinels }: ServerSet, replica: FleetServer, primary: FleetServer): Promise<boolean> {
  const agreed = await primaryIs(sentinels, primary);
  return agreed.every(Boolean) && answers(replica.port, 'INFO replication\r\n', `master_port:${primary.port}\r\n`);
}

test('a NATS cluster takes a killed node back on its port', { timeout: 180_000 }, async (context) => {
  const cluster = await natsCluster(() => undefined);
  try {
    const [first, second] = cluster.servers;
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(cluster.url.split(',').length, 3);
    await second.kill();
    assert.equal(await answers(second.port, '', 'server_name'), false);
    await second.restart();
    await until(context, () => answers(second.port, '', `127.0.0.1:${first.port}"`));
  } finally {
    await stopAll(cluster);
  }
});

test('Sentinels make the replica the primary when the primary is killed, and a pair of both when it is back', { timeout: 180_000 }, async (context) => {
  const set = await redisSentinel(() => undefined);
  try {
    const [primary, replica] = set.servers;
    assert.ok(primary !== undefined && replica !== undefined);
    assert.match(set.url, /^redis\+sentinel:\/\/(127\.0\.0\.1:\d+,?){3}\/voxfleet$/);
    await primary.kill();
    await until(context, async () => (await primaryIs(set.sentinels, replica)).every(Boolean));
    assert.equal(await answers(replica.port, 'INFO replication\r\n', 'role:master'), true);
    await primary.restart();
    await until(context, async () => (await follows(set, primary, replica)) || follows(set, replica, primary));
  } finally {
    await stopAll(set);
  }
});

test('a paused server answers nothing and goes on where it was', { timeout: 180_000 }, async (context) => {
  const cluster = await natsCluster(() => undefined);
  try {
    const [node] = cluster.servers;
    assert.ok(node !== undefined);
    const { pid } = node;
    await node.pause();
    // A signal stops a process soon, not at once.
    await until(context, async () => !(await answers(node.port, '', 'server_name')));
    await node.resume();
    await until(context, () => answers(node.port, '', 'server_name'));
    assert.equal(node.pid, pid);
  } finally {
    await stopAll(cluster);
  }
});
