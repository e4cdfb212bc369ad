import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkerHeartbeat } from '../protocol/heartbeat.ts';
import { FleetView } from './fleet-view.ts';

function heartbeat(workerId: string, over: Partial<WorkerHeartbeat> = {}): WorkerHeartbeat {
  return { workerId, state: 'ready', slotsUsed: 1, slotsTotal: 10, turnsComputing: 0, laneDepths: { control: 0, urgent: 0, normal: 0, bulk: 0 }, ...over };
}

test('a silent worker is lost after the given time, is named once and forgotten', () => {
  const view = new FleetView(1000);
  view.hear(heartbeat('a'), 0);
  view.hear(heartbeat('b'), 500);
  assert.deepEqual(view.takeLost(1000), []);
  assert.deepEqual(view.takeLost(1001), ['a']);
  assert.deepEqual(view.takeLost(1001), []);
  assert.deepEqual(view.heartbeats().map(({ workerId }) => workerId), ['b']);
});

test('every heartbeat keeps its worker, and one that was lost comes back with the next', () => {
  const view = new FleetView(1000);
  view.hear(heartbeat('a'), 0);
  view.hear(heartbeat('a'), 900);
  assert.deepEqual(view.takeLost(1800), []);
  assert.deepEqual(view.takeLost(2000), ['a']);
  view.hear(heartbeat('a'), 2100);
  assert.equal(view.heartbeats().length, 1);
});

test('a worker known to be gone is forgotten and not called lost', () => {
  const view = new FleetView(1000);
  view.hear(heartbeat('a'), 0);
  view.forget('a');
  assert.deepEqual(view.takeLost(5000), []);
  assert.deepEqual(view.heartbeats(), []);
});

test('totals count the newest heartbeats of workers that take sessions', () => {
  const view = new FleetView(1000);
  view.hear(heartbeat('a', { slotsUsed: 1 }), 0);
  view.hear(heartbeat('a', { slotsUsed: 3 }), 1);
  view.hear(heartbeat('b', { slotsUsed: 2, slotsTotal: 20 }), 1);
  view.hear(heartbeat('c', { state: 'draining', slotsUsed: 7 }), 1);
  assert.deepEqual(view.totals(), { workers: 2, slotsUsed: 5, slotsTotal: 30 });
  assert.deepEqual(new FleetView(1).totals(), { workers: 0, slotsUsed: 0, slotsTotal: 0 });
});

test('of two workers drawn, the one with more room is asked first; those that take nothing or were not heard lately are not drawn', () => {
  const view = new FleetView(1000);
  view.hear(heartbeat('full', { slotsUsed: 9 }), 0);
  assert.equal(view.lighter(0, () => 0), undefined, 'one alone is no choice');
  view.hear(heartbeat('empty', { slotsUsed: 1 }), 0);
  for (const drawn of [0, 0.3, 0.6, 0.999]) assert.equal(view.lighter(0, () => drawn), 'empty');
  view.hear(heartbeat('draining', { state: 'draining' }), 0);
  for (const drawn of [0, 0.3, 0.6, 0.999]) assert.equal(view.lighter(0, () => drawn), 'empty');
  view.hear(heartbeat('full', { slotsUsed: 9 }), 700);
  assert.equal(view.lighter(700, () => 0), undefined);
});

test('of many workers drawn two by two, all but the most used one are asked', () => {
  const view = new FleetView(1000);
  const ids = ['a', 'b', 'c', 'd'];
  for (const [slotsUsed, id] of ids.entries()) view.hear(heartbeat(id, { slotsUsed }), 0);
  const draws = ids.flatMap((_, first) => ids.slice(1).map((__, second) => [first / 4, second / 3] as const));
  const asked = draws.map((pair) => {
    const left = [...pair];
    return view.lighter(0, () => left.shift() ?? 0);
  });
  assert.deepEqual(new Set(asked), new Set(['a', 'b', 'c']));
});
