import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Autoscaler, type AutoscalerPolicy, type Readings, type ScalingRules } from './autoscaler.ts';
import { averageReplicas, podReplicas, valueReplicas } from './replica-count.ts';

const AT_ONCE: ScalingRules = { stabilizationS: 0, select: 'Max', policies: [{ type: 'Percent', value: 1000, periodS: 15 }] };
const policy = (changes: Partial<AutoscalerPolicy> = {}): AutoscalerPolicy => ({
  minReplicas: 1, maxReplicas: 100, targets: [{ kind: 'pods', metric: 'calls', average: 100 }], scaleUp: AT_ONCE, scaleDown: AT_ONCE, ...changes,
});
/** Each of so many pods has this reading, as has the whole. */
const reading = (value: number, pods: number): Readings => ({
  podsOf: () => ({ values: Array<number>(pods).fill(value), missing: 0, starting: 0, ready: pods }),
  wholeOf: () => value,
});
const EVERY_S = 15;
const LONGEST_PERIOD_S = 120;

/** One look each 15 s, at the readings of these moments; what there is after each. */
function played(rules: Partial<AutoscalerPolicy>, start: number, values: readonly number[]): number[] {
  const autoscaler = new Autoscaler(policy(rules));
  let current = start;
  return values.map((value, at) => (current = autoscaler.next(at * EVERY_S, current, reading(value, current))));
}

describe('how many replicas a metric wants', () => {
  const pods = (values: number[], missing = 0, starting = 0): Parameters<typeof podReplicas>[0] => ({ values, missing, starting, ready: values.length + missing });

  test('twice the target doubles them, half of it halves them, a tenth off changes nothing', () => {
    assert.equal(podReplicas(pods([200]), 100, 1), 2);
    assert.equal(podReplicas(pods([50, 50]), 100, 2), 1);
    assert.equal(podReplicas(pods([110, 110, 110]), 100, 3), 3);
    assert.equal(podReplicas(pods([90, 90, 90]), 100, 3), 3);
    assert.equal(podReplicas(pods([111, 111, 111]), 100, 3), 4);
  });

  test('pods that start are not asked for a second time', () => {
    assert.equal(podReplicas(pods([200, 200]), 100, 4), 4, 'without those that start');
    assert.equal(podReplicas(pods([200, 200], 0, 2), 100, 4), 4);
    assert.equal(podReplicas(pods([300, 300], 0, 2), 100, 4), 6);
  });

  test('a pod without a reading counts as idle where more are wanted and as on target where fewer are', () => {
    assert.equal(podReplicas(pods([150, 150], 1), 100, 3), 3);
    assert.equal(podReplicas(pods([40, 40], 1), 100, 3), 2);
  });

  test('without any reading there is no wish', () => {
    assert.equal(podReplicas(pods([], 0, 2), 100, 2), 2);
  });

  test('a sum wants as many as it has targets; a value wants them in proportion', () => {
    assert.equal(averageReplicas(1000, 100, 5), 10);
    assert.equal(averageReplicas(1000, 100, 10), 10);
    assert.equal(valueReplicas(0.2, 0.1, 5, 5), 10);
    assert.equal(valueReplicas(0.105, 0.1, 5, 5), 5);
    assert.equal(valueReplicas(0, 0.1, 5, 5), 0);
  });
});

describe('the autoscaler', () => {
  test('follows the metric that wants most', () => {
    const both: AutoscalerPolicy['targets'] = [{ kind: 'pods', metric: 'calls', average: 100 }, { kind: 'value', metric: 'wait', value: 0.1 }];
    const autoscaler = new Autoscaler(policy({ targets: both }));
    const readings: Readings = { podsOf: () => ({ values: [50, 50], missing: 0, starting: 0, ready: 2 }), wholeOf: () => 0.3 };
    assert.equal(autoscaler.next(0, 2, readings), 6);
  });

  test('stays within its bounds, and comes back into them at once', () => {
    assert.deepEqual(played({ minReplicas: 2, maxReplicas: 4 }, 2, [1000, 0]), [4, 2]);
    assert.equal(new Autoscaler(policy({ maxReplicas: 4 })).next(0, 9, reading(100, 9)), 4);
  });

  test('grows by no more than its policies allow within their period', () => {
    const four: ScalingRules = { stabilizationS: 0, select: 'Max', policies: [{ type: 'Pods', value: 4, periodS: 30 }] };
    assert.deepEqual(played({ scaleUp: four }, 1, [10_000, 10_000, 10_000, 10_000]), [5, 5, 9, 9]);
    const either: ScalingRules = { ...four, policies: [...four.policies, { type: 'Percent', value: 100, periodS: 30 }] };
    assert.deepEqual(played({ scaleUp: either }, 10, [10_000, 10_000, 10_000]), [20, 20, 40]);
    assert.deepEqual(played({ scaleUp: { ...either, select: 'Min' } }, 10, [10_000, 10_000, 10_000]), [14, 14, 18]);
    assert.deepEqual(played({ scaleUp: { ...either, select: 'Disabled' } }, 10, [10_000]), [10]);
  });

  test('shrinks to what its window has last wanted, and by no more than its policies allow', () => {
    const slow: ScalingRules = { stabilizationS: 30, select: 'Min', policies: [{ type: 'Percent', value: 10, periodS: 60 }, { type: 'Pods', value: 5, periodS: 60 }] };
    assert.deepEqual(played({ scaleDown: slow }, 100, [100, 10, 10, 10, 10, 10, 10]), [100, 100, 95, 95, 95, 95, 90]);
  });

  test('does not tear down a fleet because it has just begun to look', () => {
    assert.deepEqual(played({ scaleDown: { ...AT_ONCE, stabilizationS: 300 } }, 10, [0]), [10]);
  });

  test('whatever it reads, it stays within its bounds and no period changes more than its widest policy', () => {
    const rules = fc.record({
      stabilizationS: fc.integer({ min: 0, max: 600 }),
      select: fc.constantFrom<'Max' | 'Min'>('Max', 'Min'),
      policies: fc.array(fc.record({ type: fc.constantFrom<'Pods' | 'Percent'>('Pods', 'Percent'), value: fc.integer({ min: 1, max: 200 }), periodS: fc.constantFrom(15, 60, LONGEST_PERIOD_S) }), { minLength: 1, maxLength: 3 }),
    });
    fc.assert(fc.property(rules, rules, fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 60 }), (scaleUp, scaleDown, values) => {
      const counts = [10, ...played({ minReplicas: 2, maxReplicas: 50, scaleUp, scaleDown }, 10, values)];
      const most = Math.max(...scaleUp.policies.map(({ type, value }) => (type === 'Pods' ? value : Math.ceil((50 * value) / 100))));
      for (const [at, after] of counts.entries()) {
        assert.ok(after >= 2 && after <= 50);
        // What was taken away within the longest period may come back beside what the policy adds: a period is counted from its beginning.
        const period = counts.slice(Math.max(0, at - 1 - LONGEST_PERIOD_S / EVERY_S), at);
        assert.ok(period.length === 0 || after <= Math.max(...period) + most);
      }
    }), { numRuns: 200 });
  });

  test('with steady load it comes to rest, and rests at the target', () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 4000 }), fc.integer({ min: 1, max: 60 }), (load, start) => {
      const autoscaler = new Autoscaler(policy());
      let current = start;
      for (let look = 0; look < 20; look++) current = autoscaler.next(look * 15, current, reading(load / current, current));
      const rest = autoscaler.next(300, current, reading(load / current, current));
      assert.equal(rest, current);
      assert.ok(load / current <= 110 + 1e-6, `${load} on ${current}`);
    }), { numRuns: 200 });
  });
});
