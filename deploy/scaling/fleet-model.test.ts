import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../loadtest/chaos/random.ts';
import { FleetModel, type FleetSettings } from './fleet-model.ts';
import type { Call } from './pods.ts';

const SETTINGS: FleetSettings = { slots: 20, maxConnections: 100, admissionWaitS: 5, gatewayDrainS: 30, workerDrainS: 30, startUpS: 10 };
type Arrival = Pick<Call, 'endsAtS' | 'lane'>;
const calls = (count: number, endsAtS: number, lane: Call['lane'] = 'normal'): Arrival[] => Array.from({ length: count }, () => ({ endsAtS, lane }));

function fleetOf(gateways: number, workers: number, changes: Partial<FleetSettings> = {}): FleetModel {
  const fleet = new FleetModel({ ...SETTINGS, ...changes }, seededRandom(7));
  fleet.gateways.scaleTo(gateways, 0, true);
  fleet.workers.scaleTo(workers, 0, true);
  return fleet;
}

describe('a modelled fleet', () => {
  test('gives bulk callers 80 % of the slots, normal ones 95 %, urgent ones all', () => {
    for (const [lane, most] of [['bulk', 16], ['normal', 19], ['urgent', 20]] as const) {
      const fleet = fleetOf(1, 1);
      fleet.tick(0, calls(30, 100, lane));
      assert.equal(fleet.slotsUsed, most, lane);
      assert.equal(fleet.waiting, 30 - most);
    }
  });

  test('lets callers wait, the most urgent first, and refuses them when their patience is over', () => {
    const fleet = fleetOf(1, 1);
    fleet.tick(0, [...calls(19, 3), ...calls(20, 100)]);
    assert.deepEqual(fleet.tick(1, calls(1, 100, 'urgent')), [0], 'there is a slot for urgent callers alone');
    assert.equal(fleet.tick(3, []).length, 18, 'those of the slots that became free');
    for (let nowS = 4; nowS <= 5; nowS++) fleet.tick(nowS, []);
    assert.equal(fleet.tally.refusedByWorkers, 2);
    assert.equal(fleet.waiting, 0);
  });

  test('refuses those for whom no gateway has room', () => {
    const fleet = fleetOf(2, 20);
    fleet.tick(0, calls(205, 100));
    assert.equal(fleet.tally.refusedByGateways, 5);
  });

  test('hands the calls of a worker that leaves to others, and loses none while there are slots', () => {
    const fleet = fleetOf(1, 3);
    fleet.tick(0, calls(30, 100));
    fleet.workers.scaleTo(2, 1);
    for (let nowS = 1; nowS < 5; nowS++) fleet.tick(nowS, []);
    assert.equal(fleet.workers.pods.length, 2);
    assert.ok(fleet.tally.handedOff > 0);
    assert.deepEqual([fleet.slotsUsed, fleet.tally.lost], [30, 0]);
  });

  test('loses at the deadline what nobody could take', () => {
    const fleet = fleetOf(1, 2);
    fleet.tick(0, calls(38, 100));
    fleet.workers.scaleTo(1, 1);
    for (let nowS = 1; nowS <= 31; nowS++) fleet.tick(nowS, []);
    assert.deepEqual([fleet.slotsUsed, fleet.tally.lost], [19, 19]);
  });

  test('moves the callers of a gateway that leaves to others', () => {
    const fleet = fleetOf(2, 5);
    fleet.tick(0, calls(60, 100));
    fleet.gateways.scaleTo(1, 1);
    for (let nowS = 1; nowS < 5; nowS++) fleet.tick(nowS, []);
    assert.deepEqual([fleet.gateways.pods.length, fleet.callers, fleet.tally.moved, fleet.tally.lost], [1, 60, 30, 0]);
  });

  test('has new pods when they have started, and takes away first those that have not', () => {
    const fleet = fleetOf(1, 1);
    fleet.workers.scaleTo(3, 0);
    assert.equal(fleet.workers.ready(0).length, 1);
    assert.equal(fleet.workers.ready(13).length, 3);
    fleet.workers.scaleTo(5, 20);
    fleet.workers.scaleTo(3, 21);
    fleet.tick(21, []);
    assert.equal(fleet.workers.ready(21).length, 3);
  });

  test('whatever comes and however it is scaled, every call is somewhere once, and no pod holds more than it may', () => {
    const second = fc.record({ arrivals: fc.array(fc.record({ lastsS: fc.integer({ min: 1, max: 40 }), lane: fc.constantFrom<Call['lane']>('urgent', 'normal', 'bulk') }), { maxLength: 12 }), workers: fc.option(fc.integer({ min: 1, max: 6 })), gateways: fc.option(fc.integer({ min: 1, max: 4 })) });
    fc.assert(fc.property(fc.array(second, { maxLength: 80 }), (seconds) => {
      const fleet = fleetOf(1, 1, { slots: 10, maxConnections: 25, workerDrainS: 8, gatewayDrainS: 8 });
      for (const [nowS, { arrivals, workers, gateways }] of seconds.entries()) {
        if (workers !== null) fleet.workers.scaleTo(workers, nowS);
        if (gateways !== null) fleet.gateways.scaleTo(gateways, nowS);
        fleet.tick(nowS, arrivals.map(({ lastsS, lane }) => ({ lane, endsAtS: nowS + lastsS })));
        const { arrived, ended, refusedByGateways, refusedByWorkers, lost } = fleet.tally;
        assert.equal(arrived, ended + refusedByGateways + refusedByWorkers + lost + fleet.callers);
        assert.equal(fleet.callers, fleet.slotsUsed + fleet.waiting);
        for (const { places } of fleet.workers.pods) assert.ok(places.length <= 10);
        for (const { places } of fleet.gateways.pods) assert.ok(places.length <= 25);
        for (const pod of [...fleet.workers.pods, ...fleet.gateways.pods]) for (const [at, place] of pod.places.entries()) assert.ok(place.index === at && place.pod === pod);
      }
    }), { numRuns: 60 });
  });
});
