import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startFleet, type Fleet } from '../../shared/testing/fleet.ts';
import { DASHBOARD_PLANS } from '../grafana/plans.ts';
import { promtool, RULES_FOLDER } from './promtool-fixture.ts';

describe('the metrics of a gateway and a worker', { timeout: 180_000 }, () => {
  let fleet: Fleet;
  let texts: { readonly gateway: string; readonly worker: string };
  before(async () => {
    // Some are there only where traces are on; nobody calls, so none are sent.
    fleet = await startFleet({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' } });
    texts = { gateway: await metricsOf(fleet.gatewayUrls[0]), worker: await metricsOf(fleet.workers[0]?.adminUrl) };
  });
  after(() => fleet.stop());

  for (const tier of ['gateway', 'worker'] as const) {
    test(`promtool has nothing to object to those of the ${tier}`, async () => {
      assert.deepEqual(await promtool(['check', 'metrics'], texts[tier]), { code: 0, said: '' });
    });

    test(`each of the ${tier} says what it is and what to do with it`, () => {
      const helps = [...texts[tier].matchAll(/^# HELP (voxfleet_\w+) (.+)$/gm)];
      assert.ok(helps.length > 10);
      for (const [, name, help = ''] of helps) assert.match(help, /[:;,(].{5,}\.$/, name);
    });
  }

  test('rules and dashboards ask for nothing that is not measured', () => {
    const measured = new Set([...(texts.gateway + texts.worker).matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
    const isMeasured = (name: string): boolean => measured.has(name) || measured.has(name.replace(/_(bucket|sum|count)$/, ''));
    const rules = ['recording', 'alerting'].map((kind) => readFileSync(join(RULES_FOLDER, `${kind}.rules.yml`), 'utf8'));
    const panels = DASHBOARD_PLANS.flatMap((plan) => plan.panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)));
    const asked = [...rules, ...panels].flatMap((text) => text.match(/\b(voxfleet|nodejs|process)_[a-z_]+(?=[{[ )]|$)/gm) ?? []);
    assert.ok(asked.length > 50);
    assert.deepEqual(asked.filter((name) => !isMeasured(name)), []);
  });
});

async function metricsOf(url: string | undefined): Promise<string> {
  assert.ok(url);
  const response = await fetch(`${url}/metrics`);
  assert.equal(response.status, 200);
  return response.text();
}
