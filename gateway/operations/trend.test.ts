import assert from 'node:assert/strict';
import { test } from 'node:test';
import { projection, TREND_STEP_MS, trendSlot, type TrendPoint } from './trend.ts';

function points(slotsUsed: readonly number[], slotsTotal = 100): readonly TrendPoint[] {
  return slotsUsed.map((slots_used, at) => ({
    at_ms: at * TREND_STEP_MS, callers: slots_used, slots_used, slots_total: slotsTotal, turns: 0, mouth_to_ear_p50_ms: null, mouth_to_ear_p95_ms: null,
  }));
}

test('steady growth says when the fleet is full', () => {
  const found = projection(points([10, 15, 20, 25, 30, 35, 40]));
  assert.deepEqual(found, { text: 'at this growth the fleet is full in 60 min', growth_slots_per_hour: 60, full_in_s: 3600 });
});

test('a fleet that does not grow, or shrinks, does not fill', () => {
  for (const used of [[50, 50, 50], [60, 50, 40]]) {
    const { text, full_in_s } = projection(points(used));
    assert.match(text, /does not fill/);
    assert.equal(full_in_s, null);
  }
});

test('a full fleet is said to be full, and too few points say nothing', () => {
  assert.deepEqual([projection(points([80, 90, 100])).text, projection(points([80, 90, 100])).full_in_s], ['the fleet is full', 0]);
  for (const few of [[], [1], [1, 2]]) assert.match(projection(points(few)).text, /^not known yet/);
});

test('what was hours ago says nothing of growth now', () => {
  const found = projection(points([...Array<number>(200).fill(90), ...Array.from({ length: 25 }, (_none, at) => 10 + at)]));
  assert.equal(found.growth_slots_per_hour, 12);
  assert.match(found.text, /in 6 h$/);
});

test('a slot is five minutes', () => {
  assert.equal(trendSlot(TREND_STEP_MS * 7 + 1), 7);
});
