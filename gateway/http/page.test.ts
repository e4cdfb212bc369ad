import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { Rig, startGround, type Ground } from '../gateway-fixture.ts';
import { ScriptedWorker } from '../scripted-worker-fixture.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

/** What a raw request line is answered with: clients tidy paths up before they send them. */
function rawStatus(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
    socket.once('data', (data: Buffer) => {
      resolve(data.toString().split(' ')[1] ?? '');
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

test('the page, its styles and the modules it is built on are served, fenced in by their headers', async (context) => {
  const rig = await Rig.start(context, ground);
  const page = await rig.ask('GET', '/');
  assert.equal(page.status, 200);
  assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/);
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
  assert.match(page.text, /<html/i);
  for (const path of ['/shared/protocol/binary-frame.js', '/shared/audio/pcm.js', '/shared/runtime/errors.js', '/shared/protocol/binary-frame.js.map']) {
    assert.equal((await rig.ask('GET', path)).status, 200, path);
  }
  assert.match((await rig.ask('GET', '/shared/protocol/binary-frame.js')).headers.get('content-type') ?? '', /^text\/javascript/);
  const head = await rig.ask('HEAD', '/');
  assert.deepEqual([head.status, head.text, head.headers.get('content-length')], [200, '', page.headers.get('content-length')]);
});

test('what has not changed is not sent again', async (context) => {
  const rig = await Rig.start(context, ground);
  const etag = (await rig.ask('GET', '/')).headers.get('etag') ?? '';
  const again = await rig.ask('GET', '/', undefined, { 'if-none-match': etag });
  assert.deepEqual([again.status, again.text], [304, '']);
});

test('nothing else of the tree is served, however it is asked for', async (context) => {
  const rig = await Rig.start(context, ground);
  const paths = [
    '/package.json', '/gateway/main.js', '/gateway/page/index.html', '/shared/session/store.js', '/shared/runtime/env.js', '/shared/protocol/', '/shared/audio/g711.test.js',
    '/page/../main.js', '/page/%2e%2e/main.js', '/page/..%2f..%2fpackage.json', '/shared/protocol/../runtime/env.js', '//etc/passwd', '/page/tsconfig.json', '/page/.git',
    '/shared/protocol/envelope.ts', '/shared/protocol/index.html', '/page/nothing-there.js', '/page/\\..\\main.js',
  ];
  for (const path of paths) assert.equal(await rawStatus(rig.gateway.port, path), '404', path);
});

test('a gateway is ready when a worker is heard, and says what is missing when not', async (context) => {
  const rig = await Rig.start(context, ground);
  assert.equal((await rig.ask('GET', '/health/live')).status, 200);
  const alone = await rig.ask('GET', '/health/ready');
  assert.deepEqual([alone.status, alone.json['reasons']], [503, ['no ready worker is heard']]);
  const worker = await ScriptedWorker.start(context, ground, 'herald');
  await worker.untilBeaten(3);
  assert.equal((await rig.ask('GET', '/health/ready')).status, 200);
});

test('metrics are in Prometheus’s format, with the gateway’s id on each, and can be turned off', async (context) => {
  const rig = await Rig.start(context, ground, { GATEWAY_ID: 'g-metrics' });
  const { status, text, headers } = await rig.ask('GET', '/metrics');
  assert.equal(status, 200);
  assert.match(headers.get('content-type') ?? '', /version=0\.0\.4/);
  assert.match(text, /voxfleet_gateway_connections\{tier="gateway",id="g-metrics"\} 0/);
  const mute = await Rig.start(context, ground, { ENABLE_PROMETHEUS: 'false' });
  assert.equal((await mute.ask('GET', '/metrics')).status, 404);
});
