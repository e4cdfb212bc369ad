import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SlotTable } from './slot-table.ts';

test('a tenant is found under its slot number until it leaves', () => {
  const table = new SlotTable<string>();
  const ann = table.take('ann');
  const bob = table.take('bob');
  assert.deepEqual([table.at(ann), table.at(bob), table.used], ['ann', 'bob', 2]);
  table.free(ann);
  assert.deepEqual([table.at(ann), table.at(bob), table.used], [undefined, 'bob', 1]);
  assert.deepEqual([...table.tenants()], ['bob']);
});

test('a freed slot is taken again under another number, and freeing the old number leaves its next tenant alone', () => {
  const table = new SlotTable<string>();
  const first = table.take('first');
  table.free(first);
  const second = table.take('second');
  assert.notEqual(second, first);
  assert.equal(second & 0xf_ffff, first & 0xf_ffff);
  table.free(first);
  assert.deepEqual([table.at(first), table.at(second), table.used], [undefined, 'second', 1]);
});

test('a freed slot number finds none of the next 4,095 tenants, and is an unsigned 32-bit integer throughout', () => {
  const table = new SlotTable<number>();
  const late = table.take(0);
  table.free(late);
  for (let tenant = 1; tenant < 4096; tenant += 1) {
    const slot = table.take(tenant);
    assert.equal(table.at(late), undefined);
    assert.equal(table.at(slot), tenant);
    assert.ok(slot === slot >>> 0);
    table.free(slot);
  }
  assert.equal(table.take(4096), late, 'the numbers go round after 4,096 generations');
});

test('numbers that were never given find nobody and free nothing', () => {
  fc.assert(
    fc.property(fc.nat(0xffff_ffff), (slot) => {
      const table = new SlotTable<string>();
      const taken = table.take('only');
      fc.pre(slot !== taken);
      table.free(slot);
      assert.equal(table.at(slot), undefined);
      assert.equal(table.at(taken), 'only');
    }),
  );
});

test('whatever is taken and freed in whatever order, each number finds its own tenant or nobody', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant('take' as const), fc.nat(40)), { maxLength: 200 }), (steps) => {
      const table = new SlotTable<number>();
      const given: { slot: number; tenant: number | undefined }[] = [];
      for (const step of steps) {
        if (step === 'take') given.push({ slot: table.take(given.length), tenant: given.length });
        else if (given[step] !== undefined) {
          table.free(given[step].slot);
          given[step].tenant = undefined;
        }
      }
      for (const { slot, tenant } of given) assert.equal(table.at(slot), tenant);
      const seated = given.flatMap(({ tenant }) => tenant ?? []);
      assert.equal(table.used, seated.length);
      assert.deepEqual([...table.tenants()].sort((a, b) => a - b), seated);
    }),
  );
});
