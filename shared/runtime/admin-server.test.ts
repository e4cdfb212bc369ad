import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startAdminServer, type AdminSources } from './admin-server.ts';

async function served(sources: AdminSources, path: string): Promise<{ status: number; type: string | null; body: string }> {
  const server = await startAdminServer('127.0.0.1', 0, sources);
  try {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return { status: response.status, type: response.headers.get('content-type'), body: await response.text() };
  } finally {
    await server.close();
  }
}

const READY: AdminSources = { readiness: () => Promise.resolve({ ready: true, reasons: [] }), metrics: () => Promise.resolve('up 1\n') };
const NOT_READY: AdminSources = { readiness: () => Promise.resolve({ ready: false, reasons: ['redis does not answer'] }), metrics: undefined };

test('a process is live whether or not it is ready', async () => {
  for (const sources of [READY, NOT_READY]) assert.equal((await served(sources, '/health/live')).status, 200);
});

test('readiness answers 200, or 503 with the reasons', async () => {
  assert.equal((await served(READY, '/health/ready?probe=1')).status, 200);
  const { status, body } = await served(NOT_READY, '/health/ready');
  assert.equal(status, 503);
  assert.deepEqual(JSON.parse(body), { status: 'not ready', reasons: ['redis does not answer'] });
});

test('metrics are Prometheus text, and not there where they are off', async () => {
  assert.deepEqual(await served(READY, '/metrics'), { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: 'up 1\n' });
  assert.equal((await served(NOT_READY, '/metrics')).status, 404);
});

test('another path is 404, and a source that fails is 500 with its reason, not a crash', async () => {
  assert.equal((await served(READY, '/')).status, 404);
  const { status, body } = await served({ ...READY, metrics: () => Promise.reject(new Error('no luck')) }, '/metrics');
  assert.equal(status, 500);
  assert.match(body, /no luck/);
});
