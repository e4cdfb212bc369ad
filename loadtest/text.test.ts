import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startFleet, type Fleet } from '../shared/testing/fleet.ts';
import { runTextCheck, summarySentence } from './text-check.ts';

let fleet: Fleet;

before(async () => {
  fleet = await startFleet({ gateways: 2, workers: 2 });
});

after(async () => {
  await fleet.stop();
});

/** The value of a metric without labels of its own, at the process behind this URL. */
async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name}{`) || candidate.startsWith(`${name} `));
  assert.ok(line !== undefined, `${url} has no metric ${name}`);
  return Number(line.split(' ').at(-1));
}

function metrics(urls: readonly string[], name: string): Promise<number[]> {
  return Promise.all(urls.map((url) => metric(url, name)));
}

test('50 connections × 100 text messages get 5,000 right answers in order, over both gateways and both workers', { timeout: 240_000 }, async (context) => {
  const workerUrls = fleet.workers.map(({ adminUrl }) => adminUrl);
  let slotsUsed: number[] = [];
  const result = await runTextCheck({
    urls: fleet.gatewayUrls, connections: 50, messages: 100,
    onConnected: async () => assert.deepEqual(await metrics(fleet.gatewayUrls, 'voxfleet_gateway_connections'), [25, 25]),
    onAnswered: async () => void (slotsUsed = await metrics(workerUrls, 'voxfleet_slots_used')),
  });
  context.diagnostic(summarySentence(result));
  assert.deepEqual(result.faults, []);
  assert.deepEqual([result.asked, result.right, result.wrong, result.missing], [5000, 5000, 0, 0]);
  assert.equal(slotsUsed.reduce((sum, used) => sum + used, 0), 50);
  assert.ok(slotsUsed.every((used) => used >= 5), `sessions by worker: ${slotsUsed.join(' and ')}`);
  assert.deepEqual(await metrics(fleet.gatewayUrls, 'voxfleet_gateway_messages_in_total'), [2500, 2500]);
});

test('the command prints one summary sentence and exits with 0; without a gateway it says so and exits with 1', { timeout: 180_000 }, async () => {
  const [url = ''] = fleet.gatewayUrls;
  const fine = await command('--url', url, '--connections', '2', '--messages', '5');
  assert.equal(fine.code, 0, fine.stderr);
  assert.match(fine.stdout, /^10 of 10 answers right and in order over 2 connections in .* average .* p99 .*error rate 0 %\.\n$/);
  const nobody = await command('--url', 'http://127.0.0.1:1', '--connections', '1');
  assert.deepEqual([nobody.code, nobody.stdout], [1, '']);
  assert.match(nobody.stderr, /no gateway answers/);
  const wrong = await command('--connections', 'many');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /--connections expects a whole number.*\nUsage: /);
});

function command(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const entry = fileURLToPath(new URL('./text.js', import.meta.url));
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [entry, ...args], { timeout: 60_000 }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}
