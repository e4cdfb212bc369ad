import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { reset } from './balancer.ts';

/** A server that says nothing, and a connection to it. */
async function pair(t: TestContext): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer();
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const accepted = once(server, 'connection');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await once(near, 'connect');
  const [far] = await accepted as [Socket];
  far.resume();
  return { near, far };
}

test('a connection that is reset breaks at the other side', async (t) => {
  const { near, far } = await pair(t);
  const broken = once(far, 'end');
  reset(near);
  await assert.rejects(broken, { code: 'ECONNRESET' });
});

test('a connection can be reset while it says goodbye: it is closed, which a process waits for that ends', async (t) => {
  const { near } = await pair(t);
  near.end('goodbye');
  const closed = once(near, 'close');
  reset(near);
  assert.deepEqual(await closed, [false]);
});
