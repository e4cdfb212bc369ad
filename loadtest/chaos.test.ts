import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runFaultOn } from './chaos/fault-run.ts';
import { FAULT_NAMES, FAULTS, type FaultName } from './chaos/faults.ts';
import { judge } from './chaos/judgement.ts';
import { verdictsOf } from './chaos/promises.ts';
import { Stage, type StageOptions } from './chaos/stage.ts';

/** Fixed, so that a failure can be looked at again: the same seed does the same at the same time. */
const SEED = 20;
/** Faults that have two ways, and take them in turn from seed to seed. */
const TWO_WAYS: readonly FaultName[] = ['redis-gone'];
const CALLERS = 4;
const SECONDS = 8;
const FLEET: StageOptions = { gateways: 2, workers: 2, recorded: 0, env: { GOAWAY_SPREAD_MS: '1000' } };

interface Trial {
  readonly fault: FaultName;
  readonly seed: number;
}

const TRIALS: readonly Trial[] = FAULT_NAMES.flatMap((fault) => (TWO_WAYS.includes(fault) ? [SEED, SEED + 1] : [SEED]).map((seed) => ({ fault, seed })));
/** Replacing everything takes longest, and can be done anywhere. */
const ON_CLUSTERS = TRIALS.filter(({ fault }) => Object.keys(FAULTS[fault].fleet).length > 0 || fault === 'rolling-restart');
const ON_ONE_EACH = TRIALS.filter((trial) => !ON_CLUSTERS.includes(trial));

async function callsSurvive(stage: Stage, { fault, seed }: Trial): Promise<void> {
  const judgement = judge(FAULTS[fault], await runFaultOn(stage, { fault, callers: CALLERS, recorded: 0, seconds: SECONDS, seed }));
  const { counts, injections } = judgement;
  assert.ok(injections.length > 0 && counts.caller.spoken > 0 && counts.agent.heard > 0, 'calls were held and faults were done');
  // Times are measured by the long run: a machine that runs tests is too busy for them.
  const broken = verdictsOf(judgement).filter(({ isKept, isTimed }) => !isKept && !isTimed);
  assert.deepEqual(broken, [], `seed ${seed}: ${JSON.stringify({ injections, worst: judgement.worst }, undefined, 1)}`);
}

/** One trial after the other on one fleet, which is whole again after each. */
function trialsOn(name: string, servers: Pick<StageOptions, 'nats' | 'redis'>, trials: readonly Trial[]): void {
  describe(name, { concurrency: 1, timeout: 280_000 }, () => {
    let stage: Stage;
    before(async () => {
      stage = await Stage.open({ ...FLEET, ...servers });
    });
    after(() => stage.close());

    for (const trial of trials) test(`lose nothing and repeat nothing when ${FAULTS[trial.fault].words} (seed ${trial.seed})`, () => callsSurvive(stage, trial));
  });
}

// Most of a trial is waiting: three fleets at once take a third of the time.
describe('calls', { concurrency: true }, () => {
  trialsOn('on a fleet with one NATS and one Redis', {}, ON_ONE_EACH.filter((_, at) => at % 2 === 0));
  trialsOn('on another such fleet', {}, ON_ONE_EACH.filter((_, at) => at % 2 === 1));
  trialsOn('on a fleet with a NATS cluster and Redis under Sentinels', { nats: 'cluster', redis: 'sentinel' }, ON_CLUSTERS);
});
