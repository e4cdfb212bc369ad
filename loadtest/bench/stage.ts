import { messageOf } from '../../shared/runtime/errors.ts';
import { startFleetTarget } from './fleet-target.ts';
import { startChain, startEcho } from './reference-targets.ts';
import type { Size, Stage, Suite, SuiteResult } from './suite.ts';
import type { Target } from './target.ts';
import { chainSuite } from './suites/chain.ts';
import { lanesSuite } from './suites/lanes.ts';
import { memorySuite } from './suites/memory.ts';
import { peersSuite } from './suites/peers.ts';
import { profileSuite } from './suites/profile.ts';
import { rawSuite } from './suites/raw.ts';
import { soakSuite } from './suites/soak.ts';
import { talkSuite } from './suites/talk.ts';
import { turnsSuite } from './suites/turns.ts';

/** Every suite by the name that `--only` knows it by, in the order in which they are held. */
export const SUITES: Readonly<Record<string, Suite>> = {
  raw: rawSuite,
  chain: chainSuite,
  turns: turnsSuite,
  lanes: lanesSuite,
  talk: talkSuite,
  peers: peersSuite,
  memory: memorySuite,
  soak: soakSuite,
  profile: profileSuite,
};

/** Starts what is measured, holds the suites one after the other, and ends everything. One that fails is told and does not keep the others from being held. */
export async function holdSuites(names: readonly string[], size: Size, say: (words: string) => void): Promise<readonly SuiteResult[]> {
  const started: Target[] = [];
  const start = async <T extends Target>(starting: Promise<T>): Promise<T> => {
    const target = await starting;
    started.push(target);
    return target;
  };
  try {
    const stage: Stage = { echo: await start(startEcho()), chain: await start(startChain()), fleet: await start(startFleetTarget({ onLine: (name, line) => tellLog(name, line, say) })), size, say };
    const results: SuiteResult[] = [];
    for (const name of names) results.push(await held(name, stage));
    return results;
  } finally {
    for (const target of started.reverse()) await target.stop();
  }
}

/** The processes' own log lines, which are JSON; what libraries print beside them says nothing about a run. */
function tellLog(name: string, line: string, say: (words: string) => void): void {
  if (line.startsWith('{')) say(`${name}: ${line}`);
}

async function held(name: string, stage: Stage): Promise<SuiteResult> {
  stage.say(`\n${name}`);
  try {
    const suite = SUITES[name];
    if (suite === undefined) throw new Error(`there is no suite ${name}`);
    return await suite(stage);
  } catch (error) {
    const reason = messageOf(error);
    stage.say(`${name} could not be held: ${reason}`);
    return { name, facts: [`${name} could not be held: ${reason}`], plots: [], raw: undefined, bars: [{ name, promise: '', measured: 'could not be held', reference: '', verdict: 'unclear', note: reason }] };
  }
}
