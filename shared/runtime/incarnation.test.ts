import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ID_PATTERN } from '../bus/subjects.ts';
import { incarnationOf, isIncarnationOf } from './incarnation.ts';

const ids = fc.stringMatching(ID_PATTERN);

test('each start of a process has another name, fit for the bus, that tells whose it is', () => {
  fc.assert(
    fc.property(ids, (id) => {
      const [one, other] = [incarnationOf(id), incarnationOf(id)];
      assert.match(one, ID_PATTERN);
      assert.notEqual(one, other);
      assert.ok(isIncarnationOf(one, id) && isIncarnationOf(other, id));
    }),
  );
});

test('a start of one process is none of another, also where one id begins like the other', () => {
  assert.equal(isIncarnationOf(incarnationOf('worker-12'), 'worker-1'), false);
  assert.equal(isIncarnationOf(incarnationOf('worker-1'), 'worker-12'), false);
  assert.equal(isIncarnationOf('worker-1', 'worker-1'), false);
});
