import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Farewells } from './farewells.ts';

test('who still speaks to a slot long after the farewell hears it again, at most four times a second', () => {
  const farewells = new Farewells();
  let said = 0;
  farewells.say(7, 3, () => { said += 1; }, 1000);
  for (const atMs of [1001, 1249, 1250, 1260, 1499, 1500]) farewells.remind(7, 3, atMs);
  assert.equal(said, 3);
});

test('who speaks of another fence, or to another slot, hears nothing', () => {
  const farewells = new Farewells();
  let said = 0;
  farewells.say(7, 3, () => { said += 1; }, 0);
  farewells.remind(7, 2, 5000);
  farewells.remind(8, 3, 5000);
  assert.equal(said, 1);
});

test('all farewells of the last minute are said again when the bus is back, older ones are forgotten', () => {
  const farewells = new Farewells();
  const said: string[] = [];
  farewells.say(1, 1, () => said.push('old'), 0);
  farewells.say(2, 1, () => said.push('new'), 50_000);
  farewells.repeat(61_000);
  assert.deepEqual(said, ['old', 'new', 'new']);
});

test('however many leave, a bounded number of farewells is kept', () => {
  const farewells = new Farewells();
  let said = 0;
  for (let slot = 0; slot < 5000; slot++) farewells.say(slot, 1, () => { said += 1; }, 0);
  farewells.repeat(1);
  assert.equal(said, 6000);
});
