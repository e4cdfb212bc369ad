import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { createRegistry } from '../../shared/runtime/metrics.ts';
import { freePort } from '../../shared/testing/servers.ts';
import { codeOf, Rig, startGround, type Ground } from '../gateway-fixture.ts';
import type { AnswerSink } from '../http/exchange.ts';
import { FleetFeed } from './fleet-feed.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

const OPERATOR = { authorization: 'Bearer operator' };

test('the stream tells of the gateway once a second and ends in order when the gateway stops', async (context) => {
  const rig = await Rig.start(context, ground, { OPERATOR_TOKENS: 'operator', GATEWAY_ID: 'gateway-7' });
  assert.equal((await rig.ask('GET', '/fleet/stream')).status, 401);
  assert.equal((await rig.ask('GET', '/errors')).status, 401);
  assert.equal((await rig.ask('GET', '/fleet')).status, 200, 'the page asks for the token itself');
  const head = await rig.ask('HEAD', '/fleet/stream', undefined, OPERATOR);
  assert.deepEqual([head.status, head.text], [200, '']);
  const response = await fetch(`${rig.httpUrl}/fleet/stream`, { headers: OPERATOR });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  assert.ok(response.body !== null);
  let text = '';
  const decoder = new TextDecoder();
  let stopped: Promise<void> | undefined;
  // Reading on to the end rejects where the connection is cut instead of ended.
  for await (const chunk of response.body) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.split('\n\n').length > 3) stopped ??= rig.stop();
  }
  await stopped;
  assert.match(text, /^data: \{.*"gateway_id":"gateway-7"/);
  assert.match(text, /\}\n\n$/);
});

test('in production without tokens neither page nor stream is there, on the admin port the journal is', async (context) => {
  const adminPort = await freePort();
  const rig = await Rig.start(context, ground, { ENVIRONMENT: 'production', API_KEYS: 'key', ADMIN_PORT: String(adminPort) });
  for (const path of ['/fleet', '/fleet/stream', '/errors']) {
    const refused = await rig.ask('GET', path);
    assert.deepEqual([refused.status, codeOf(refused)], [404, 'not_found'], path);
  }
  const journal = await fetch(`http://127.0.0.1:${adminPort}/errors`);
  assert.deepEqual([journal.status, await journal.json()], [200, { errors: [], events: [], left_out: 0 }]);
});

test('a gateway has 32 viewers at most, and room again once one of them went', async (context) => {
  const rig = await Rig.start(context, ground);
  const aborts = Array.from({ length: 32 }, () => new AbortController());
  const answers = await Promise.all(aborts.map(({ signal }) => fetch(`${rig.httpUrl}/fleet/stream`, { signal })));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal((await rig.ask('GET', '/fleet/stream')).status, 503);
  assert.match((await rig.ask('GET', '/metrics')).text, /^voxfleet_gateway_viewers\{.*\} 32$/m);
  aborts[0]?.abort();
  const again = new AbortController();
  const deadlineMs = Date.now() + 20_000;
  for (;;) {
    const answer = await fetch(`${rig.httpUrl}/fleet/stream`, { signal: again.signal });
    if (answer.status === 200) break;
    assert.ok(Date.now() < deadlineMs, 'there is room again');
    await answer.text();
  }
  for (const abort of [...aborts, again]) abort.abort();
});

test('a viewer who went before the first snapshot costs nothing', async (context) => {
  const rig = await Rig.start(context, ground);
  for (let times = 0; times < 50; times += 1) {
    const socket = connect(rig.gateway.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET /fleet/stream HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.destroy();
  }
  const deadlineMs = Date.now() + 20_000;
  while (!/^voxfleet_gateway_viewers\{.*\} 0$/m.test((await rig.ask('GET', '/metrics')).text)) assert.ok(Date.now() < deadlineMs);
});

/** A viewer that takes snapshots or does not. */
class Viewer implements AnswerSink {
  readonly taken: string[] = [];
  state: 'open' | 'ended' | 'cut' = 'open';
  isSlow = false;

  write(piece: string): boolean {
    if (!this.isSlow) this.taken.push(piece);
    return !this.isSlow;
  }

  end(): void {
    this.state = 'ended';
  }

  cut(): void {
    this.state = 'cut';
  }
}

test('one snapshot is made for all viewers; who takes nothing for five of them is cut off and counted, the others go on', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  let made = 0;
  const registry = createRegistry({ tier: 'gateway', id: 'feed' });
  const feed = new FleetFeed({ registry, snapshot: (isWhole) => ({ no: (made += 1), isWhole }) });
  const [slow, quick] = [new Viewer(), new Viewer()];
  for (const viewer of [slow, quick]) feed.answer().stream?.(viewer);
  slow.isSlow = true;
  context.mock.timers.tick(4000);
  slow.isSlow = false;
  context.mock.timers.tick(1000);
  slow.isSlow = true;
  context.mock.timers.tick(4000);
  assert.equal(slow.state, 'open', 'what counts is five in a row');
  context.mock.timers.tick(1000);
  assert.deepEqual([slow.state, quick.state, made], ['cut', 'open', 12]);
  assert.deepEqual(quick.taken.slice(0, 2), ['data: {"no":2,"isWhole":true}\n\n', 'data: {"no":3,"isWhole":false}\n\n']);
  assert.match(await registry.metrics(), /^voxfleet_gateway_viewers_dropped_total\{.*\} 1$/m);
  feed.end();
  assert.equal(quick.state, 'ended');
  assert.throws(() => feed.answer(), { code: 'draining' });
});
