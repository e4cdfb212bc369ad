import fc from 'fast-check';
import type { World } from './world-fixture.ts';

const CALM = ['say audio', 'say text', 'speak', 'deliver', 'work', 'write', 'renew', 'ask', 'replicate', 'move', 'hand off', 'false alarm', 'expire'] as const;
const FAULTS = ['lose', 'crash worker', 'crash gateway', 'freeze worker', 'freeze gateway', 'cut', 'answer lost', 'crash at write', 'fail over'] as const;

/** One thing that happens; `at` chooses to whom, counted round. */
export interface Step {
  readonly do: (typeof CALM)[number] | (typeof FAULTS)[number];
  readonly at: number;
}

/** Steps with one fault among them, then a time without any. */
export interface Episode {
  readonly before: readonly Step[];
  readonly fault: Step;
  readonly after: readonly Step[];
}

const at = fc.nat(11);
const WEIGHTS: Partial<Record<Step['do'], number>> = { deliver: 14, work: 4, write: 3, ask: 4, 'say audio': 4, 'say text': 2, speak: 3 };

const calmStep: fc.Arbitrary<Step> = fc.record({ do: chosen(CALM), at }, { noNullPrototype: true });
const faultStep: fc.Arbitrary<Step> = fc.record({ do: fc.constantFrom(...FAULTS), at }, { noNullPrototype: true });

/** Single faults: each is over, and everything at rest, before the next one. */
export const episodes: fc.Arbitrary<readonly Episode[]> = fc.array(
  fc.record({ before: fc.array(calmStep, { maxLength: 40 }), fault: faultStep, after: fc.array(calmStep, { maxLength: 25 }) }, { noNullPrototype: true }),
  { minLength: 1, maxLength: 3 },
);

/** Any faults at any time. */
export const wildSteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof({ weight: 6, arbitrary: calmStep }, { weight: 1, arbitrary: faultStep }),
  { minLength: 10, maxLength: 120 },
);

/** Does a step. */
export async function take(world: World, step: Step): Promise<void> {
  await act(world, step);
  await world.settle();
}

async function act(world: World, { do: what, at: chosenAt }: Step): Promise<unknown> {
  switch (what) {
    case 'say audio':
      return world.client.sayAudio();
    case 'say text':
      return world.client.sayText();
    case 'speak':
      return world.withWorker(chosenAt, (worker) => worker.speak());
    case 'deliver':
      return world.deliver(chosenAt);
    case 'work':
      return world.withWorker(chosenAt, (worker) => void worker.work());
    case 'write':
      return world.withWorker(chosenAt, (worker) => worker.write(true));
    case 'renew':
      return world.withWorker(chosenAt, (worker) => worker.renew());
    case 'ask':
      return world.ask(chosenAt);
    case 'replicate':
      return world.replicate();
    case 'move':
      return world.connect(chosenAt);
    case 'hand off':
      return world.withWorker(chosenAt, (worker) => worker.handOff());
    case 'false alarm':
      return world.lose(chosenAt);
    case 'expire':
      return world.expireLease();
    default:
      return fault(world, what, chosenAt);
  }
}

async function fault(world: World, what: (typeof FAULTS)[number], chosenAt: number): Promise<unknown> {
  switch (what) {
    case 'lose':
      return world.loseOnBus(chosenAt, 1 + (chosenAt % 3));
    case 'crash worker':
      return world.crashWorker(chosenAt);
    case 'crash gateway':
      return world.crashGateway(chosenAt);
    case 'freeze worker':
      return world.freezeWorker(chosenAt);
    case 'freeze gateway':
      return world.freezeGateway(chosenAt);
    case 'cut':
      return world.client.connection === undefined ? undefined : world.hangUp(world.client.connection);
    case 'answer lost':
      return world.withWorker(chosenAt, (worker) => worker.write(false));
    case 'crash at write':
      await world.withWorker(chosenAt, (worker) => worker.write(false));
      return world.crashWorker(chosenAt);
    case 'fail over':
      return world.failOver();
  }
}

function chosen<T extends Step['do']>(all: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(...all.map((each) => ({ weight: WEIGHTS[each] ?? 1, arbitrary: fc.constant(each) })));
}
