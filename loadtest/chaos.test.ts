import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runFaultOn } from './chaos/fault-run.ts';
import { FAULT_NAMES, FAULTS, type FaultName } from './chaos/faults.ts';
import { judge } from './chaos/judgement.ts';
import { verdictsOf } from './chaos/promises.ts';
import { Stage, type StageOptions } from './chaos/stage.ts';

/** Fixed, so that a failure can be looked at again: the same seed does the same at the same time. */
const SEED = 20;
const CALLERS = 4;
const SECONDS = 8;
const FLEET: StageOptions = { gateways: 2, workers: 2, recorded: 0 };

async function callsSurvive(stage: Stage, fault: FaultName): Promise<void> {
  const judgement = judge(fault, await runFaultOn(stage, { fault, callers: CALLERS, recorded: 0, seconds: SECONDS, seed: SEED }));
  const { counts, injections } = judgement;
  assert.ok(injections.length > 0 && counts.caller.spoken > 0 && counts.agent.heard > 0, 'calls were held and faults were done');
  // Times are measured by the long run: a machine that runs tests is too busy for them.
  const broken = verdictsOf(judgement).filter(({ isKept, isTimed }) => !isKept && !isTimed);
  assert.deepEqual(broken, [], `seed ${SEED}: ${JSON.stringify({ injections, worst: judgement.worst }, undefined, 1)}`);
}

for (const fleet of [{}, { nats: 'cluster', redis: 'sentinel' }] as const) {
  const faults = FAULT_NAMES.filter((fault) => ('nats' in fleet) === (FAULTS[fault].fleet.nats !== undefined || FAULTS[fault].fleet.redis !== undefined));
  describe(`calls on a fleet with ${'nats' in fleet ? 'a NATS cluster and Redis under Sentinels' : 'one NATS and one Redis'}`, { timeout: 240_000 }, () => {
    let stage: Stage;
    before(async () => {
      stage = await Stage.open({ ...FLEET, ...fleet });
    });
    after(() => stage.close());

    for (const fault of faults) test(`lose nothing and repeat nothing when ${FAULTS[fault].words}`, () => callsSurvive(stage, fault));
  });
}
