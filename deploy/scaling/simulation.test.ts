import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { chartSvg } from './chart.ts';
import { readPolicies } from './policy-files.ts';
import { markdownTable, reportPage } from './report.ts';
import { readFleetSettings } from './settings-files.ts';
import { simulate, type Scaling, type SimulationResult } from './simulation.ts';
import { committedTraces } from './trace-shapes.ts';
import type { Trace } from './trace.ts';

const FOLDERS = { tuned: 'k8s/components/autoscaling', keda: 'k8s/components/keda', untuned: 'deploy/scaling/policies/untuned' };
const { settings, cpu } = readFleetSettings(30);
const policies = (name: keyof typeof FOLDERS): ReturnType<typeof readPolicies> => readPolicies(join(packageRoot(), FOLDERS[name]));
const traceNamed = (name: string): Trace => committedTraces().get(`${name}.csv`) ?? assert.fail(name);

function run(trace: Trace, name: keyof typeof FOLDERS, workers?: Scaling): SimulationResult {
  const { gateway, worker } = policies(name);
  return simulate({ trace, gateways: gateway, workers: workers ?? worker, settings, cpu, seed: 1 });
}
const refusedShare = ({ tally }: SimulationResult): number => (tally.refusedByGateways + tally.refusedByWorkers) / tally.arrived;

describe('the numbers of the manifests', () => {
  for (const [name, from, to] of [['office-day-10', 400, 820], ['slow-growth-100', 0, 300]] as const) {
    test(`refuse nobody on ${name}, and no call is lost when workers go`, () => {
      const result = run(traceNamed(name).slice(from, to), 'tuned');
      assert.deepEqual([refusedShare(result), result.tally.lost], [0, 0]);
    });
  }

  test('refuse less than one in a hundred when seven times the callers come within five minutes, with 10 workers and with 100', () => {
    for (const name of ['flash-crowd-10', 'flash-crowd-100']) {
      const result = run(traceNamed(name), 'tuned');
      assert.ok(refusedShare(result) < 0.01, `${name}: ${refusedShare(result)}`);
      assert.equal(result.tally.lost, 0);
    }
  });

  test('follow the callers down again', () => {
    const { samples } = run(traceNamed('flash-crowd-10'), 'tuned');
    const most = Math.max(...samples.map(({ workers }) => workers));
    assert.ok((samples.at(-1)?.workers ?? most) <= most / 2);
  });

  test('scale workers out when calls cost more CPU than was measured, before all slots are taken', () => {
    const trace = Array.from({ length: 40 }, (_none, minute) => ({ calls: 100, meanCallS: 180, load: minute < 15 ? 1 : 2 }));
    const { samples } = run(trace, 'tuned');
    const before = samples[14];
    const later = samples[30];
    assert.ok(before && later && later.workers > before.workers * 1.2, `${before?.workers} then ${later?.workers}`);
    assert.ok(later.slotsUsed < later.slots * 0.6);
  });

  test('do the same by KEDA', () => {
    const trace = traceNamed('flash-crowd-10');
    const [one, other] = [run(trace, 'tuned'), run(trace, 'keda')];
    assert.ok(Math.abs(refusedShare(one) - refusedShare(other)) < 0.002);
    assert.ok(Math.abs(one.workerHours - other.workerHours) < one.workerHours * 0.05);
  });

  test('are better than those one would write first: a target within a tenth of what is refused never scales out', () => {
    const trace = traceNamed('office-day-10').slice(480, 720);
    assert.ok(refusedShare(run(trace, 'untuned')) > 0.2);
    assert.equal(refusedShare(run(trace, 'tuned')), 0);
  });
});

describe('a simulation', () => {
  const trace = traceNamed('flash-crowd-10').slice(50, 80);

  test('is the same each time, for the same seed', () => {
    assert.deepEqual(run(trace, 'tuned'), run(trace, 'tuned'));
    const { gateway, worker } = policies('tuned');
    assert.notDeepEqual(simulate({ trace, gateways: gateway, workers: worker, settings, cpu, seed: 2 }).tally, run(trace, 'tuned').tally);
  });

  test('accounts for every call', () => {
    const { tally, present } = run(trace, 'untuned');
    assert.equal(tally.arrived, trace.reduce((sum, { calls }) => sum + calls, 0));
    assert.equal(tally.arrived, tally.ended + tally.refusedByGateways + tally.refusedByWorkers + tally.lost + present);
  });

  test('of a fixed size has that size, and costs it', () => {
    const { samples, workerHours } = run(trace, 'tuned', 8);
    assert.deepEqual(new Set(samples.map(({ workers, workersStarting }) => workers + workersStarting)), new Set([8]));
    assert.equal(workerHours, 4);
  });

  test('is told as a table, a chart and a page that loads nothing', () => {
    const results = [{ name: 'one <b>', result: run(trace, 'tuned') }, { name: 'two', result: run(trace, 'tuned', 3) }];
    assert.equal(markdownTable(results).split('\n').length, 4);
    const svg = chartSvg('t', results.map(({ name, result: { samples } }) => ({ name, samples })));
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
    const page = reportPage('flash-crowd', 'npm run …', results);
    assert.ok(page.includes('one &lt;b&gt;') && page.includes('</svg>'));
    assert.doesNotMatch(page, /(src|href)="|NaN|undefined/);
  });

  test('refuses a metric that it does not know', () => {
    const { worker } = policies('tuned');
    const unknown: Scaling = { ...worker, targets: [{ kind: 'pods', metric: 'cpus', average: 1 }] };
    assert.throws(() => run(trace, 'tuned', unknown), /scales by cpus, which the simulator does not know/);
  });
});

describe('the policies of a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-policies-'));
  after(() => rmSync(folder, { recursive: true }));

  test('are read as the manifests state them', () => {
    const { worker } = policies('tuned');
    assert.deepEqual(worker.targets, [{ kind: 'pods', metric: 'voxfleet_slots_used', average: 32 }, { kind: 'value', metric: 'voxfleet_lane_wait_p99_seconds', value: 0.1 }]);
    assert.equal(worker.scaleDown.stabilizationS, 600);
    const { worker: byKeda } = policies('keda');
    assert.deepEqual(byKeda, { ...worker, targets: [{ kind: 'total', metric: 'voxfleet_slots_used', average: 32 }, worker.targets[1]] });
    assert.deepEqual(policies('keda').gateway.targets, [{ kind: 'total', metric: 'voxfleet_gateway_connections', average: 300 }, { kind: 'utilization', metric: 'cpu', percent: 70 }]);
  });

  test('have the pace that Kubernetes has by itself where they state none', () => {
    const { worker } = policies('untuned');
    assert.deepEqual([worker.scaleUp.stabilizationS, worker.scaleDown.stabilizationS], [0, 300]);
    assert.deepEqual(worker.scaleUp.policies, [{ type: 'Percent', value: 100, periodS: 15 }, { type: 'Pods', value: 4, periodS: 15 }]);
  });

  test('that are not there, or not what can be simulated, are refused with the file', () => {
    assert.throws(() => readPolicies(folder), /no HorizontalPodAutoscaler and no ScaledObject for the gateways/);
    writeFileSync(join(folder, 'worker.yaml'), 'kind: HorizontalPodAutoscaler\nmetadata: { labels: { app.kubernetes.io/component: worker } }\nspec: { minReplicas: 1 }\n');
    assert.throws(() => readPolicies(folder), /worker\.yaml: .*maxReplicas/s);
  });
});
