import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LANES, type Lane } from '../shared/protocol/lane.ts';
import { Lanes } from './lanes.ts';

interface Item {
  readonly lane: Lane;
  readonly no: number;
}

test('control is served before anything else, however much of it there is', () => {
  const lanes = new Lanes<string>(10);
  lanes.push('urgent', 'u');
  lanes.push('control', 'c1');
  lanes.push('control', 'c2');
  assert.deepEqual(drained(lanes), ['c1', 'c2', 'u']);
});

test('what should not wait is taken alone, control first, and leaves room behind', () => {
  const lanes = new Lanes<string>(3);
  for (const [lane, item] of [['bulk', 'b'], ['urgent', 'u'], ['normal', 'n'], ['control', 'c']] as const) lanes.push(lane, item);
  assert.deepEqual([lanes.shiftUrgent(), lanes.shiftUrgent(), lanes.shiftUrgent()], ['c', 'u', undefined]);
  assert.deepEqual([lanes.size, drained(lanes)], [2, ['n', 'b']]);
});

test('control neither fills the queue nor is shed from it', () => {
  const lanes = new Lanes<string>(1);
  lanes.push('control', 'c');
  assert.deepEqual([lanes.size, lanes.isFull, lanes.shed()], [0, false, undefined]);
  lanes.push('normal', 'n');
  assert.deepEqual([lanes.size, lanes.isFull], [1, true]);
});

test('while all lanes have work, of every 13 items 8 are urgent, 4 normal, 1 bulk', () => {
  const lanes = new Lanes<Item>(10_000);
  for (let no = 0; no < 2000; no++) for (const lane of ['urgent', 'normal', 'bulk'] as const) lanes.push(lane, { lane, no });
  for (let round = 0; round < 100; round++) {
    const served = Array.from({ length: 13 }, () => lanes.shift()?.lane);
    assert.deepEqual([count(served, 'urgent'), count(served, 'normal'), count(served, 'bulk')], [8, 4, 1]);
  }
});

test('within a round no lane is served all its turns in a row', () => {
  const lanes = new Lanes<Item>(100);
  for (let no = 0; no < 20; no++) for (const lane of ['urgent', 'normal', 'bulk'] as const) lanes.push(lane, { lane, no });
  const served = Array.from({ length: 13 }, () => lanes.shift()?.lane ?? '').join(' ');
  assert.doesNotMatch(served, /(urgent ?){4}/);
  assert.doesNotMatch(served, /(normal ?){2}/);
});

test('bulk never starves: it is served within 13 items though urgent work never ends', () => {
  const lanes = new Lanes<string>(1000);
  lanes.push('bulk', 'b');
  const served: (string | undefined)[] = [];
  while (!served.includes('b') && served.length < 50) {
    lanes.push('urgent', 'u');
    served.push(lanes.shift());
  }
  assert.ok(served.length <= 13, `bulk had to wait for ${served.length} items`);
});

test('a lane that has the queue to itself gets every turn', () => {
  const lanes = new Lanes<number>(100);
  for (let no = 0; no < 30; no++) lanes.push('bulk', no);
  assert.deepEqual(drained(lanes), Array.from({ length: 30 }, (_, no) => no));
});

test('shedding takes the oldest of bulk, then of normal, then of urgent', () => {
  const lanes = new Lanes<string>(10);
  for (const [lane, item] of [['urgent', 'u1'], ['normal', 'n1'], ['bulk', 'b1'], ['bulk', 'b2'], ['normal', 'n2'], ['control', 'c']] as const) lanes.push(lane, item);
  assert.deepEqual(Array.from({ length: 6 }, () => lanes.shed()), ['b1', 'b2', 'n1', 'n2', 'u1', undefined]);
  assert.deepEqual(lanes.depths(), { control: 1, urgent: 0, normal: 0, bulk: 0 });
});

test('what is sent again gets all that live items leave, and its share where they leave nothing', () => {
  const lanes = new Lanes<string>(10_000);
  for (let no = 0; no < 1500; no++) lanes.push('replay', 'r');
  assert.deepEqual(Array.from({ length: 50 }, () => lanes.shift()), Array.from({ length: 50 }, () => 'r'));
  let served = 0;
  for (let round = 0; round < 100; round++) {
    for (const lane of ['urgent', 'normal', 'bulk'] as const) for (let no = 0; no < 8; no++) lanes.push(lane, lane);
    for (let no = 0; no < 17; no++) if (lanes.shift() === 'r') served += 1;
  }
  assert.equal(served, 400, '4 of 17 while all lanes have work');
});

test('a live item never waits for more than three that were sent again, however many there are', () => {
  const lanes = new Lanes<string>(100);
  for (const session of ['r1', 'r2', 'r3']) for (let no = 0; no < 1500; no++) lanes.push('replay', session);
  for (let live = 0; live < 200; live++) {
    lanes.push('normal', 'live');
    let before = 0;
    while (lanes.shift() !== 'live') before += 1;
    assert.ok(before <= 3, `${before} came before it`);
  }
});

test('what is sent again neither fills the queue nor is shed, and waits where it cannot be served', () => {
  const lanes = new Lanes<string>(1, (item) => item !== 'behind');
  for (const item of ['behind', 'ready', 'behind']) lanes.push('replay', item);
  assert.deepEqual([lanes.isFull, lanes.shed(), lanes.replaying], [false, undefined, 3]);
  assert.deepEqual([lanes.shift(), lanes.shift(), lanes.replaying], ['ready', undefined, 2]);
});

test('an empty queue has nothing to serve and nothing to shed', () => {
  const lanes = new Lanes<string>(1);
  assert.deepEqual([lanes.shift(), lanes.shed(), lanes.size], [undefined, undefined, 0]);
});

test('whatever is pushed, served and shed, each lane keeps its order, nothing is lost or doubled, and the counts are right', () => {
  const push = fc.record({ act: fc.constant('push' as const), lane: fc.constantFrom(...LANES) });
  const take = fc.record({ act: fc.constantFrom('shift' as const, 'shed' as const) });
  fc.assert(
    fc.property(fc.array(fc.oneof({ weight: 3, arbitrary: push }, { weight: 2, arbitrary: take }), { maxLength: 400 }), (acts) => {
      const lanes = new Lanes<Item>(50);
      const expected: Record<Lane, number[]> = { control: [], urgent: [], normal: [], bulk: [] };
      for (const [no, act] of acts.entries()) {
        if (act.act === 'push') {
          lanes.push(act.lane, { lane: act.lane, no });
          expected[act.lane].push(no);
        } else {
          const waiting = LANES.filter((lane) => expected[lane].length > 0);
          const taken = act.act === 'shift' ? lanes.shift() : lanes.shed();
          if (act.act === 'shed') assert.equal(taken?.lane, waiting.filter((lane) => lane !== 'control').at(-1));
          else if (waiting.includes('control')) assert.equal(taken?.lane, 'control');
          else assert.equal(taken === undefined, waiting.length === 0);
          if (taken !== undefined) assert.equal(expected[taken.lane].shift(), taken.no);
        }
        const depths = lanes.depths();
        for (const lane of LANES) assert.equal(depths[lane], expected[lane].length);
        assert.equal(lanes.size, depths.urgent + depths.normal + depths.bulk);
        assert.equal(lanes.isFull, lanes.size >= 50);
      }
    }),
  );
});

function drained<T>(lanes: Lanes<T>): T[] {
  const items: T[] = [];
  for (let item = lanes.shift(); item !== undefined; item = lanes.shift()) items.push(item);
  return items;
}

function count(lanes: readonly (Lane | undefined)[], wanted: Lane): number {
  return lanes.filter((lane) => lane === wanted).length;
}
