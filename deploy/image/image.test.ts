import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { TIER_FLAGS } from '../local/node-flags.ts';
import { createRegistry } from '../../shared/runtime/metrics.ts';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { reproducible } from './bill-of-materials.ts';
import { makeLean } from './lean.ts';
import { readyUrl, whyNotReady } from './ready.ts';
import { programOf } from './start.ts';

const HERE = dirname(fileURLToPath(import.meta.url));
const DOCKERFILE = readFileSync(join(packageRoot(), 'deploy', 'Dockerfile'), 'utf8');

describe('the commands of the image', () => {
  test('are the two tiers, whose programs are there', () => {
    for (const tier of ['gateway', 'worker']) assert.ok(existsSync(programOf([tier])), tier);
  });

  test('are told where another one is asked for', async () => {
    for (const args of [[], ['toString'], ['../x'], ['gateway', 'more']]) assert.throws(() => programOf(args), /expected one of the commands gateway, worker/);
    const child = spawn(process.execPath, [join(HERE, 'start.js'), 'wroker'], { stdio: ['ignore', 'ignore', 'pipe'] });
    const [code] = (await once(child, 'exit')) as [number | null];
    assert.equal(code, 1);
  });

  test('a start that hears SIGTERM before the tier listens ends in order; later the tier decides', async () => {
    for (const [listens, expected] of [[false, 0], [true, 7]] as const) {
      const tier = listens ? "process.on('SIGTERM', () => process.exit(7));" : '';
      const code = `import { stopUntilHeard } from ${JSON.stringify(join(HERE, 'start.js'))}; stopUntilHeard(process); ${tier} setInterval(() => {}, 1000); console.log('up');`;
      const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      child.kill('SIGTERM');
      assert.deepEqual(await once(child, 'exit'), [expected, null]);
    }
  });
});

describe('the health check of a container', () => {
  test('asks a gateway where callers come and a worker at its admin port', () => {
    assert.equal(readyUrl('gateway', { PORT: '81', ADMIN_PORT: '82' }), 'http://127.0.0.1:81/health/ready');
    assert.equal(readyUrl('worker', { PORT: '81', ADMIN_PORT: '82' }), 'http://127.0.0.1:82/health/ready');
    assert.equal(readyUrl(undefined, {}), 'http://127.0.0.1:8081/health/ready');
  });

  test('is well where it is ready, and says why where it is not or nobody answers', async () => {
    let status = 200;
    const server = createServer((_, response) => void response.writeHead(status).end('{"reasons":["draining"]}')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/health/ready`;
    assert.equal(await whyNotReady(url), undefined);
    status = 503;
    assert.match((await whyNotReady(url)) ?? '', /draining/);
    server.close();
    await once(server, 'close');
    assert.match((await whyNotReady(url)) ?? '', /ECONNREFUSED/);
  });
});

describe('packages made lean', () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-lean-'));
  after(() => rmSync(folder, { recursive: true }));
  const platform = { platform: 'linux', arch: 'x64', abi: '115' };
  for (const path of [
    'uWebSockets.js/uws_linux_x64_115.node', 'uWebSockets.js/uws_win32_x64_115.node', 'uWebSockets.js/uws.js', 'uWebSockets.js/src/App.h',
    'onnxruntime-node/bin/napi-v6/linux/x64/a.so', 'onnxruntime-node/bin/napi-v6/linux/arm64/a.so', 'onnxruntime-node/bin/napi-v6/win32/x64/a.dll',
    'zod/index.js', 'zod/index.js.map', 'zod/index.d.ts', 'zod/README.md', 'zod/LICENSE.md',
  ]) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), '');
  }

  test('keep what this platform runs, and licences', () => {
    makeLean(folder, platform);
    const left = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => entry.name);
    assert.deepEqual(left.sort(), ['LICENSE.md', 'a.so', 'index.js', 'uws.js', 'uws_linux_x64_115.node']);
  });

  test('are refused where what this platform needs is missing', () => {
    assert.throws(() => makeLean(folder, { ...platform, abi: '1' }), /uWebSockets.js has nothing for this platform: expected uws_linux_x64_1.node/);
  });
});

test('the bill of materials is the same whenever it is made', () => {
  const made = (serialNumber: string, timestamp: string): string => JSON.stringify({ bomFormat: 'CycloneDX', serialNumber, metadata: { timestamp, tools: [] }, components: [{ name: 'zod' }] });
  const bill = reproducible(made('a', '2026-01-01'), 1_700_000_000);
  assert.equal(bill, reproducible(made('b', '2026-02-02'), 1_700_000_000));
  assert.deepEqual(JSON.parse(bill), { bomFormat: 'CycloneDX', metadata: { timestamp: '2023-11-14T22:13:20.000Z', tools: [] }, components: [{ name: 'zod' }] });
  assert.throws(() => reproducible('{}', 0), /CycloneDX/);
});

describe('the version of an image', () => {
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { readonly version: string };

  test('is that of package.json where its builder names none, also where compose builds it', () => {
    assert.equal(/^ARG VERSION=(.*)$/m.exec(DOCKERFILE)?.[1], version);
    assert.match(DOCKERFILE, /^ENV VOXFLEET_VERSION=\$\{VERSION\}$/m);
    const named = readFileSync(join(packageRoot(), 'docker-compose.yml'), 'utf8').matchAll(/\$\{VOXFLEET_VERSION:-(.*?)\}/g);
    assert.deepEqual([...named].map(([, name]) => name), [version, version]);
  });

  test('is what its metrics say', async () => {
    const before = process.env['VOXFLEET_VERSION'] ?? '';
    const said: string[] = [];
    for (const name of ['', '0.2.0-canary']) {
      process.env['VOXFLEET_VERSION'] = name;
      said.push(...(/^voxfleet_build_info\{.*\} 1$/m.exec(await createRegistry({ tier: 'gateway', id: 'g' }).metrics()) ?? []));
    }
    process.env['VOXFLEET_VERSION'] = before;
    assert.deepEqual(said.map((line) => /version="(.*?)"/.exec(line)?.[1]), [version, '0.2.0-canary']);
  });
});

describe('the Dockerfile', () => {
  const last = DOCKERFILE.slice(DOCKERFILE.lastIndexOf('\nFROM '));

  test('ends as a user that is not root, with Node as process 1 and signals that reach it', () => {
    assert.match(last, /^USER 10001:10001$/m);
    assert.match(last, /^STOPSIGNAL SIGTERM$/m);
    assert.ok(last.includes(`\nENTRYPOINT ${JSON.stringify(['node', ...TIER_FLAGS, 'dist/deploy/image/start.js']).replaceAll(',', ', ')}\n`));
    assert.match(last, /^HEALTHCHECK .* CMD \["node", "dist\/deploy\/image\/ready\.js"\]$/m);
  });

  test('pins its bases and needs no special builder', () => {
    const bases = [...DOCKERFILE.matchAll(/^ARG \w+_IMAGE=(.*)$/gm)].map(([, image]) => image ?? '');
    assert.equal(bases.length, 2);
    for (const image of bases) assert.match(image, /^[a-z]+:\d+(\.\d+)+-[a-z-]+$/);
    assert.doesNotMatch(DOCKERFILE, /--mount|<<|^# ?syntax/m);
  });

  test('copies only what the build is given', () => {
    const given = readFileSync(join(packageRoot(), '.dockerignore'), 'utf8').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const copied = [...DOCKERFILE.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' '));
    assert.ok(copied.length > 5);
    for (const source of copied) assert.ok(given.includes(source), source);
    for (const source of given) assert.ok(existsSync(join(packageRoot(), source)), source);
  });
});
