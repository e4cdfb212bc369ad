import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ERROR_TABLE } from '../../shared/runtime/errors.ts';
import { LATENCY_BUCKETS_S } from '../../shared/runtime/metrics.ts';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { promtool, RULES_FOLDER } from './promtool-fixture.ts';
import { shortened } from './shortened.ts';

/** Told about a whole connection, not a turn: alerts of their own are about these. `slow_consumer` is the caller's own line. */
const OF_CONNECTIONS = ['at_capacity', 'too_many_connections', 'draining', 'store_unavailable', 'bus_unavailable', 'worker_lost', 'slow_consumer'];

const read = (file: string): string => readFileSync(join(RULES_FOLDER, file), 'utf8');
const found = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, word = '']) => word);
const alerts = found(read('alerting.rules.yml'), /^ +- alert: (\w+)$/gm);
const testFiles = readdirSync(RULES_FOLDER).filter((file) => file.endsWith('.test.yml'));

async function approves(...args: string[]): Promise<void> {
  const { code, said } = await promtool(args);
  assert.equal(code, 0, said);
}

describe('alerting rules', () => {
  test('the configuration and the rules are valid', async () => {
    await approves('check', 'config', 'prometheus.yml');
  });

  for (const file of testFiles) {
    test(`alerts come and do not come as ${file} says`, async () => {
      await approves('test', 'rules', file);
    });
  }

  test('every alert is tested to come and to be silent', () => {
    const cases = testFiles.flatMap((file) => read(file).split(/^ {2}- name: /m).slice(1));
    const tested = (isFiring: boolean): string[] =>
      [...new Set(cases.filter((text) => text.includes('exp_alerts: []') !== isFiring).flatMap((text) => found(text, /- alertname: (\w+)/g)))];
    assert.ok(alerts.length > 10);
    assert.deepEqual(tested(true).sort(), [...alerts].sort());
    assert.deepEqual(tested(false).sort(), [...alerts].sort());
  });

  test('every alert says what it is, how bad, and has its paragraph in the runbook, in the same order', () => {
    const rules = read('alerting.rules.yml').split(/^ +- alert: /m).slice(1);
    for (const [index, rule] of rules.entries()) {
      const anchor = (alerts[index] ?? '').toLowerCase();
      for (const part of [/^ +severity: (critical|warning)$/m, /^ +summary: \S/m, /^ +description: \S/m]) assert.match(rule, part);
      assert.ok(rule.includes(`runbook_url: '{{ $externalLabels.runbook }}#${anchor}'`), anchor);
    }
    const runbook = readFileSync(join(packageRoot(), 'docs', 'runbook.md'), 'utf8');
    assert.deepEqual(found(runbook, /^## (Voxfleet\w+)$/gm), alerts);
    for (const link of found(runbook, /\]\(#(\w+)\)/g)) assert.ok(alerts.some((name) => name.toLowerCase() === link), link);
  });

  test('the codes counted as our errors are all that are ours and concern a turn', () => {
    const counted = found(read('recording.rules.yml'), /errors_total\{code=~"([a-z_|]+)"/g).flatMap((codes) => codes.split('|'));
    const ours = Object.entries(ERROR_TABLE).flatMap(([code, { status }]) => (status >= 500 && !OF_CONNECTIONS.includes(code) ? [code] : []));
    assert.deepEqual(counted.sort(), ours.sort());
  });

  test('the goal of mouth to ear is a bound of its histogram', () => {
    const bounds = found(read('recording.rules.yml'), /le="([\d.]+)"/g);
    assert.ok(bounds.length > 0);
    for (const bound of bounds) assert.ok(LATENCY_BUCKETS_S.includes(Number(bound)), bound);
  });
});

test('shortened rules have shorter windows, waits and intervals, and nothing else is changed', () => {
  assert.equal(shortened('  - record: a:rate5m\n    expr: rate(a[5m]) > 60\n    for: 1h\n'), '  - record: a:rate5m\n    expr: rate(a[5000ms]) > 60\n    for: 60000ms\n');
  assert.equal(shortened('scrape_interval: 15s\ngroup_wait: 30s\n# for 5m\n'), 'scrape_interval: 1000ms\ngroup_wait: 1000ms\n# for 5m\n');
});
