import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GRANTED_LANES } from '../protocol/lane.ts';
import {
  attachSubject, claimSubject, endSubject, FLEET_SUBJECT, gatewaySubject, ID_PATTERN, lostSubject, workerOfLostSubject, workerSubject,
} from './subjects.ts';

const ids = fc.stringMatching(ID_PATTERN);

test('an id is a single NATS token without wildcards', () => {
  for (const bad of ['', 'a.b', 'a b', '*', '>', 'a>', 'ä', 'x'.repeat(65)]) assert.doesNotMatch(bad, ID_PATTERN, bad);
  fc.assert(fc.property(ids, (id) => assert.doesNotMatch(id, /[.*>\s]/)));
});

test('the subjects of one process are all different, and from the shared ones', () => {
  fc.assert(
    fc.property(ids, ids, (workerId, gatewayId) => {
      const all = [
        workerSubject(workerId), ...GRANTED_LANES.map(claimSubject), attachSubject(workerId),
        endSubject(workerId), gatewaySubject(gatewayId), lostSubject(gatewayId, workerId), FLEET_SUBJECT,
      ];
      assert.equal(new Set(all).size, all.length);
    }),
  );
});

test('a lost subject names its worker, no other subject names one', () => {
  fc.assert(fc.property(ids, ids, (gatewayId, workerId) => assert.equal(workerOfLostSubject(lostSubject(gatewayId, workerId)), workerId)));
  for (const other of [gatewaySubject('g'), workerSubject('lost'), attachSubject('w'), FLEET_SUBJECT, 'a.b.c.lost.w.x']) {
    assert.equal(workerOfLostSubject(other), undefined, other);
  }
});

test('a gateway hears of lost workers apart from its egress', () => {
  assert.equal(lostSubject('g1', 'w1').startsWith(`${gatewaySubject('g1')}.`), true);
});
