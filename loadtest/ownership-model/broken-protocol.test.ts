import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { play, startModelRedis, type ModelRedis } from './run-fixture.ts';
import type { Step } from './steps-fixture.ts';
import type { Flaws } from './world-fixture.ts';

let redis: ModelRedis;

before(async () => {
  redis = await startModelRedis();
});

after(() => redis.stop());

/** Steps by name, the number behind a colon says to whom; `arrive` is what it takes until nothing is on its way. */
function steps(text: string): readonly Step[] {
  return text.split(', ').flatMap((name): readonly Step[] => {
    const [what = '', at = '0'] = name.split(':');
    return what === 'arrive' ? Array<Step>(8).fill({ do: 'deliver', at: 0 }) : [{ do: what as Step['do'], at: Number(at) }];
  });
}

/** The first worker gets the session. */
const BEGIN = 'ask:0, arrive';

const BROKEN: readonly { readonly flaw: keyof Flaws; readonly steps: string; readonly message: RegExp }[] = [
  { flaw: 'anyFenceIsHeard', steps: `${BEGIN}, false alarm, ask:1, arrive, speak:1, arrive, speak:0, speak:0, arrive`, message: /two owners are heard/ },
  { flaw: 'staleOwnersAnswer', steps: `${BEGIN}, false alarm, ask:1, arrive, speak:1, arrive, false alarm, ask:0, arrive, speak:0, arrive`, message: /two owners are heard/ },
  { flaw: 'jumpsAreTaken', steps: `${BEGIN}, speak:0, lose:0, speak:0, arrive`, message: /speech 2 is heard after 0/ },
  { flaw: 'duplicatesAreTaken', steps: `${BEGIN}, speak:0, arrive`, message: /speech 1 is heard after 1/ },
  { flaw: 'acksBeforeCommit', steps: `${BEGIN}, say audio, arrive, work:0, arrive, crash worker:0`, message: /stored once and in order/ },
  { flaw: 'answersAgain', steps: `${BEGIN}, say text, arrive, work:0, arrive, crash worker:0`, message: /answered more than once/ },
  { flaw: 'forgottenIsNotRestored', steps: `${BEGIN}, say audio, arrive, work:0, write:0, fail over`, message: /owns the session/ },
  { flaw: 'lastWordsAreSaidOnce', steps: `${BEGIN}, hand off:0, lose:0`, message: /owns the session/ },
];

for (const { flaw, steps: text, message } of BROKEN) {
  test(`the model notices where ${flaw}, and finds nothing where it is not so`, async () => {
    const [fault = { do: 'ask', at: 0 }, ...later] = steps(text);
    await play(redis, [{ before: [], fault, after: later }], {});
    await assert.rejects(play(redis, [{ before: [], fault, after: later }], { [flaw]: true }), message);
  });
}
