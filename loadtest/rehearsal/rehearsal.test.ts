import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { verdictsOf } from '../chaos/promises.ts';
import { buildCommit, hasCommit } from './older-build.ts';
import { plansOf } from './plan-fixture.ts';
import type { Version } from './pod.ts';
import { rehearse } from './rehearsal.ts';
import type { RolloutOptions } from './scenario.ts';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';
import { RehearsalStage } from './stage.ts';

const CALLERS = 4;
const SEED = 22;
/** What the version skew is tested with: the last version before the messages of this one. */
const EARLIER = 'a54899a';
const NOW: Version = { name: 'v1' };

/** One scenario after the other on one stage, which is whole after each: nothing is lost in any of them. */
async function nothingIsLost(replicas: number, now: Version, scenarios: readonly ScenarioName[], rollout: RolloutOptions): Promise<void> {
  const stage = await RehearsalStage.open({ plans: plansOf(replicas), version: now, recorded: 0, isWatched: false });
  const steps: string[] = [];
  try {
    for (const name of scenarios) {
      const judgement = await rehearse(stage, SCENARIOS[name], {
        callers: CALLERS, recorded: 0, seconds: 0, seed: SEED, versions: { now, next: { name: 'v2' } }, rollout, onProgress: (words) => steps.push(words),
      });
      const { counts, injections, worst } = judgement;
      assert.ok(counts.caller.spoken > 0 && counts.agent.heard > 0 && injections.some(({ affected }) => affected.length > 0), `calls were held and moved: ${steps.join('; ')}`);
      const broken = verdictsOf(judgement).filter(({ isKept, isTimed }) => !isKept && !isTimed);
      assert.deepEqual(broken, [], `${steps.join('; ')} ${JSON.stringify({ injections, worst }, undefined, 1)}`);
    }
  } finally {
    await stage.close();
  }
}

describe('a fleet behind a real HAProxy', { concurrency: true, timeout: 280_000 }, () => {
  test('is rolled to the next version, then loses a node, and no call loses anything', () => nothingIsLost(2, NOW, ['rolling', 'node-loss'], { isThereAndBack: false, tiers: 'together' }));

  const skip = hasCommit(EARLIER) ? false : `this checkout has no commit ${EARLIER}: the version before cannot be built`;
  test('is rolled from the version before to this one and back, while both serve the same calls', { skip }, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'voxfleet-earlier-'));
    context.after(() => rmSync(folder, { recursive: true, force: true }));
    await nothingIsLost(1, { name: EARLIER, build: buildCommit(EARLIER, folder) }, ['rolling'], { isThereAndBack: true, tiers: 'workers first' });
  });
});
