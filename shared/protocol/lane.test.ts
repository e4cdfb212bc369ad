import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cappedLane, GRANTED_LANES, laneAt, laneIndex, laneOfPriority, LANES } from './lane.ts';

test('lanes keep their order in envelope headers, control first', () => {
  assert.deepEqual(LANES.map(laneIndex), [0, 1, 2, 3]);
  assert.equal(laneIndex('control'), 0);
  for (const lane of LANES) assert.equal(laneAt(laneIndex(lane)), lane);
});

test('a lane number nobody knows is the least urgent', () => {
  for (const index of [4, 255, -1, 1.5]) assert.equal(laneAt(index), 'bulk');
});

test('a priority of 0 is urgent, 1 and none are normal, 2 and above bulk', () => {
  const expected = [[0, 'urgent'], [-3, 'urgent'], [1, 'normal'], [undefined, 'normal'], [2, 'bulk'], [99, 'bulk'], [Infinity, 'bulk']] as const;
  for (const [priority, lane] of expected) assert.equal(laneOfPriority(priority), lane, String(priority));
});

test('no number a client can send makes a message control', () => {
  fc.assert(fc.property(fc.double(), (priority) => assert.ok(GRANTED_LANES.includes(laneOfPriority(priority)))));
});

test('a message travels no more urgently than its session was granted', () => {
  for (const granted of GRANTED_LANES) {
    for (const asked of GRANTED_LANES) {
      assert.equal(laneIndex(cappedLane(asked, granted)), Math.max(laneIndex(asked), laneIndex(granted)));
    }
  }
});
