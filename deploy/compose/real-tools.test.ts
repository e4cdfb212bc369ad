import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { serverPath } from '../local/processes.ts';
import { promtool } from '../prometheus/promtool-fixture.ts';
import { COMPOSITIONS, composition } from './compose-files-fixture.ts';

const ROOT = packageRoot();

/** Runs a program to its end in the package's root; its exit code, null where it is not installed, and all it said. */
function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, env: { ...process.env, ...env, PATH: serverPath() }, encoding: 'utf8' });
  return { code: status, said: `${stdout}${stderr}` };
}

test('HAProxy itself finds nothing wrong with the balancer', () => {
  const { code, said } = run('haproxy', ['-c', '-f', 'deploy/haproxy/haproxy.cfg']);
  assert.equal(code, 0, said);
  assert.doesNotMatch(said, /WARNING/);
});

test('Prometheus itself finds nothing wrong with what it is told to watch', async () => {
  const { code, said } = await promtool(['check', 'config', 'prometheus.compose.yml']);
  assert.equal(code, 0, said);
});

describe('Docker Compose', () => {
  const secrets = mkdtempSync(join(tmpdir(), 'voxfleet-secrets-'));
  after(() => rmSync(secrets, { recursive: true }));
  const version = run('docker', ['compose', 'version', '--short']);
  // `!override` came with 2.24.
  const isRecent = version.code === 0 && Number(/^v?2\.(\d+)/.exec(version.said)?.[1] ?? 99) >= 24;
  const skip = isRecent ? false : 'SKIPPED: no Docker Compose 2.24 or newer on this machine; the files are held to the policy by the other tests';

  for (const [purpose, files] of Object.entries(COMPOSITIONS)) {
    test(`itself reads the files for ${purpose} as the policy's tests do`, { skip }, () => {
      const { code, said } = run('docker', ['compose', ...files.flatMap((file) => ['-f', file]), 'config', '--format', 'json'], { SECRETS: secrets });
      assert.equal(code, 0, said);
      const read = JSON.parse(said) as { services: Record<string, { environment?: Record<string, string>; read_only?: boolean }> };
      const ours = composition(files).services;
      assert.deepEqual(Object.keys(read.services).sort(), Object.keys(ours).sort());
      for (const [name, { environment }] of Object.entries(read.services)) assert.deepEqual(environment ?? {}, ours[name]?.environment ?? {}, name);
    });
  }
});

describe('the script that makes secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-secrets-'));
  after(() => rmSync(folder, { recursive: true }));

  test('writes what production mounts, once', () => {
    const contents = (): string[] => Object.keys(composition(COMPOSITIONS.production).secrets ?? {}).map((name) => run('cat', [join(folder, name)]).said);
    assert.equal(run('deploy/compose/make-secrets.sh', [folder]).code, 0);
    const first = contents();
    assert.ok(first.every((text) => text.trim().length >= 40), first.map((text) => text.length).join(' '));
    assert.equal(run('deploy/compose/make-secrets.sh', [folder]).code, 0);
    assert.deepEqual(contents(), first);
  });

  test('and a real NATS server takes its users and routes', () => {
    const { code, said } = run('nats-server', ['-t', '-c', join(folder, 'nats_authorization')]);
    assert.equal(code, 0, said);
  });
});
