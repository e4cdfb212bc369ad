import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { settingsOf } from '../manifests/settings-fixture.ts';
import { COMPOSITIONS, composition, type Service } from './compose-files-fixture.ts';

const ROOT = packageRoot();
const TIERS = ['gateway', 'worker'] as const;
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const stopS = Number(/const STOP_MS = (\d+);/.exec(read('shared/runtime/termination.ts'))?.[1]) / 1000;
/** Left after the stop of a process for the machine that is slow. */
const SPARE_S = 5;

for (const [purpose, files] of Object.entries(COMPOSITIONS)) {
  const { services, secrets = {}, volumes = {} } = composition(files);

  describe(`the composition for ${purpose}`, () => {
    for (const [name, service] of Object.entries(services)) {
      test(`${name} runs without root, privileges or a writable system`, () => {
        const isImageOfOurs = service.image.startsWith('voxfleet:');
        // The image itself names its user; a test of the Dockerfile holds it to that.
        if (!isImageOfOurs) assert.match(service.user ?? '', /^[1-9]\d*:\d+$/);
        assert.equal(service.read_only, true);
        assert.deepEqual(service.cap_drop, ['ALL']);
        assert.deepEqual(service.security_opt, ['no-new-privileges:true']);
        assert.equal(service.restart, 'unless-stopped');
      });

      test(`${name} is asked for its health, has time to stop, and is of an exact version`, () => {
        assert.ok((service.healthcheck?.test.length ?? 0) > 1);
        assert.match(service.stop_grace_period ?? '', /^\d+s$/);
        assert.match(service.image.replace(/\$\{\w+:-(.+)\}/, '$1'), /^[a-z/]+:v?\d+\.\d+\.\d+[a-z-]*$/);
      });

      test(`${name} names files, volumes, secrets and services that are there`, () => {
        for (const volume of service.volumes ?? []) {
          const [from = ''] = volume.split(':');
          assert.ok(from.startsWith('./') ? existsSync(join(ROOT, from)) : from in volumes, volume);
        }
        for (const secret of service.secrets ?? []) assert.ok(secret in secrets, secret);
        for (const other of Object.keys(service.depends_on ?? {})) assert.ok(other in services, other);
      });

      test(`${name} is open to this machine alone, if at all, unless somebody decides otherwise`, () => {
        for (const port of service.ports ?? []) assert.match(port, /^(127\.0\.0\.1|\$\{PUBLISH_ADDRESS:-127\.0\.0\.1\}):/);
      });
    }

    for (const tier of TIERS) {
      const service = services[tier];
      assert.ok(service !== undefined);
      const environment = service.environment ?? {};
      const valueOf = (name: string): string => environment[name] ?? settingsOf(tier).get(name) ?? '';

      test(`the ${tier} is given settings that exist, as text`, () => {
        for (const [name, value] of Object.entries(environment)) {
          assert.ok(settingsOf(tier).has(name.replace(/_FILE$/, '')), `${name} is no setting of the ${tier}`);
          assert.equal(typeof value, 'string');
          assert.doesNotMatch(value, /@/, 'no password');
        }
        assert.deepEqual(service.command, [tier]);
      });

      test(`the ${tier} has time to drain before it is killed`, () => {
        assert.equal(secondsOf(service), Number(valueOf('DRAIN_DEADLINE_MS')) / 1000 + stopS + SPARE_S);
      });

      test(`Prometheus and the health check ask the ${tier} where it listens`, () => {
        const prometheus = read('deploy/prometheus/prometheus.compose.yml');
        assert.match(prometheus, new RegExp(`job_name: voxfleet-${tier}\\n.*\\n.*names: \\[${tier}\\], type: A, port: ${environment['ADMIN_PORT'] ?? ''},`));
        assert.deepEqual(service.healthcheck?.test, ['CMD', 'node', 'dist/deploy/image/ready.js', tier]);
      });
    }

    test('the balancer asks gateways where they listen, by the name of their service', () => {
      const balancer = read('deploy/haproxy/haproxy.cfg');
      assert.match(balancer, /server-template gateway 1-\d+ gateway:8080$/m);
      assert.equal(services['gateway']?.environment?.['PORT'] ?? '8080', settingsOf('gateway').get('PORT'));
      assert.ok(services['balancer'] !== undefined && secondsOf(services['balancer']) >= secondsOf(services['gateway']));
    });
  });
}

describe('production', () => {
  const { services, secrets = {} } = composition(COMPOSITIONS.production);

  test('gives every service limits and less than them for sure', () => {
    for (const [name, { deploy }] of Object.entries(services)) {
      const { limits, reservations } = deploy?.resources ?? {};
      assert.ok(limits !== undefined && reservations !== undefined, name);
      assert.ok(Number(limits.cpus) > Number(reservations.cpus), name);
      assert.ok(bytesOf(limits.memory) > bytesOf(reservations.memory), name);
    }
  });

  test('is three of each tier, as large as the deployment before it', () => {
    for (const tier of TIERS) {
      const { replicas, resources } = services[tier]?.deploy ?? {};
      assert.equal(replicas, 3);
      assert.deepEqual(resources, { limits: { cpus: '2.0', memory: '4G' }, reservations: { cpus: '1.0', memory: '2G' } });
      const { ENVIRONMENT, LOG_LEVEL, NATS_URL, REDIS_URL } = services[tier]?.environment ?? {};
      assert.deepEqual([ENVIRONMENT, LOG_LEVEL, NATS_URL, REDIS_URL], ['production', 'INFO', '', '']);
    }
    assert.equal(services['worker']?.environment?.['MAX_WORKERS'], '8');
    assert.equal(services['worker'].environment['QUEUE_SIZE'], '2000');
    assert.equal(services['gateway']?.environment?.['MAX_WEBSOCKET_CONNECTIONS'], '500');
  });

  test('labels what is to be scraped with where', () => {
    for (const tier of TIERS) {
      const { labels, environment } = services[tier] ?? {};
      assert.deepEqual(labels, { 'prometheus.io/scrape': 'true', 'prometheus.io/path': '/metrics', 'prometheus.io/port': environment?.['ADMIN_PORT'] });
    }
  });

  test('gives every secret to whom it names as a file, and make-secrets.sh writes every one', () => {
    const script = read('deploy/compose/make-secrets.sh');
    for (const name of Object.keys(secrets)) assert.match(script, new RegExp(`write ${name} `), name);
    for (const [name, service] of Object.entries(services)) {
      for (const [variable, value] of Object.entries(service.environment ?? {})) {
        if (variable.endsWith('_FILE')) assert.ok(service.secrets?.includes(value.replace('/run/secrets/', '')), `${name}: ${variable}`);
      }
    }
  });

  test('is three NATS servers, three Redis servers with a disk each and three Sentinels', () => {
    for (const names of [['nats', 'nats-2', 'nats-3'], ['redis', 'redis-2', 'redis-3'], ['sentinel-1', 'sentinel-2', 'sentinel-3']]) {
      const found = names.map((name) => services[name]);
      assert.equal(new Set(found.map((service) => service?.image)).size, 1);
      for (const [at, service] of found.entries()) {
        assert.equal(service?.image, found[0]?.image);
        assert.deepEqual(service?.command, found[0]?.command, names[at]);
        const data = names[0] === 'nats' ? undefined : `${names[at] ?? ''}:/data`;
        assert.equal(service?.volumes?.find((volume) => volume.endsWith(':/data')), data);
      }
    }
  });
});

function secondsOf(service: Service | undefined): number {
  return Number(/^(\d+)s$/.exec(service?.stop_grace_period ?? '')?.[1]);
}

function bytesOf(size: string): number {
  const [, number, unit] = /^(\d+)([MG])$/.exec(size) ?? [];
  return Number(number) * (unit === 'G' ? 1024 : 1) * 1024 ** 2;
}
