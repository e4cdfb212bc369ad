import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULT_NAMES } from './faults.ts';
import { callerSteps } from './numbered-conversation.ts';
import { faultSchedule } from './schedule.ts';

test('the same seed does the same at the same time, another seed something else', () => {
  for (const fault of FAULT_NAMES) {
    const options = { fault, seed: 5, fromMs: 2000, toMs: 60_000 };
    assert.deepEqual(faultSchedule(options), faultSchedule(options));
    assert.notDeepEqual(faultSchedule(options), faultSchedule({ ...options, seed: 6 }));
    const times = faultSchedule(options).map(({ atMs }) => atMs);
    assert.ok(times.length >= 1 && times.every((atMs) => atMs >= 2000 && atMs <= 60_000), `${fault}: ${times.join(' ')}`);
    assert.deepEqual(times, [...times].sort((one, other) => one - other));
  }
});

test('outages last as long as they are told to', () => {
  const planned = faultSchedule({ fault: 'nats-gone', seed: 1, fromMs: 0, toMs: 100_000, outageMs: 60_000 });
  assert.ok(planned.every(({ lengthMs }) => lengthMs === 60_000));
});

test('which way a fault takes goes on from fault to fault and from seed to seed', () => {
  const variantsOf = (seed: number): number[] => faultSchedule({ fault: 'redis-gone', seed, fromMs: 0, toMs: 40_000 }).map(({ variant }) => variant % 2);
  assert.deepEqual([variantsOf(4).slice(0, 3), variantsOf(5).slice(0, 3)], [[0, 1, 0], [1, 0, 1]]);
});

test('callers do the same for the same seed, each something of its own', () => {
  const stepsOf = (seed: number, call: number): unknown[] => {
    const steps = callerSteps(seed, call);
    return Array.from({ length: 40 }, () => steps.next().value);
  };
  assert.deepEqual(stepsOf(1, 1), stepsOf(1, 1));
  assert.notDeepEqual(stepsOf(1, 1), stepsOf(1, 2));
  assert.equal(new Set(stepsOf(1, 1).map((step) => JSON.stringify(step).slice(0, 15))).size, 2);
});
