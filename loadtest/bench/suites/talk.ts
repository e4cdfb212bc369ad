import { messageOf } from '../../../shared/runtime/errors.ts';
import { barOf } from '../bar.ts';
import { errorRate, measureRelay, type Measurement } from '../measurement.ts';
import type { Stage, SuiteResult } from '../suite.ts';
import type { Target } from '../target.ts';
import { count, ms, percentiles } from '../words.ts';

const LEAST_CALLERS = 700;
const MOST_P99_MS = 20;
const MOST_ERRORS = 0.001;
/** A step is tried once more before the rise ends: one hiccup of the machine is no limit of the fleet. */
const TRIES = 2;

/** How many callers can speak and be spoken to at once, 50 frames a second both ways, before frames are late or lost. */
export async function talkSuite({ chain, fleet, size, say }: Stage): Promise<SuiteResult> {
  const ofFleet = await rise(fleet, size.talkSteps, size, say);
  const ofChain = await rise(chain, size.talkSteps, size, say);
  const most = mostKept(ofFleet);
  const atMost = ofFleet.find(({ callers, isKept }) => callers === most && isKept)?.measured;
  return {
    name: 'talk', raw: { fleet: ofFleet, chain: ofChain },
    bars: [barOf({
      name: 'speaking callers', promise: '≥ 700 at added p99 ≤ 20 ms, none lost', value: most, least: LEAST_CALLERS,
      measured: `${count(most)}${atMost === undefined ? '' : ` at p99 ${ms(atMost.result.delay.p99Ms)}`}`, reference: `bare chain ${count(mostKept(ofChain))}`,
      note: `steps ${size.talkSteps.join(', ')}`,
    })],
    facts: [...ofFleet, ...ofChain].map(({ measured, isKept }) => {
      const { target, callers, result } = measured;
      return `${target}, ${callers} callers: ${percentiles(result.delay)}, ${result.sent - result.answered} of ${count(result.sent)} lost, callers late ${ms(result.lateness.p99Ms)} at p99${isKept ? '' : ' – over the bound'}`;
    }),
    plots: [{
      title: 'Frame in to frame out, p99', xLabel: 'speaking callers', yLabel: 'ms',
      series: [{ name: 'fleet', points: pointsOf(ofFleet) }, { name: 'bare chain', points: pointsOf(ofChain) }],
    }],
  };
}

interface Step {
  readonly callers: number;
  readonly measured: Measurement;
  readonly isKept: boolean;
}

async function rise(target: Target, steps: readonly number[], { framesPerSecond, warmMs, measureMs }: Stage['size'], say: (words: string) => void): Promise<readonly Step[]> {
  const taken: Step[] = [];
  for (const callers of steps) {
    let step: Step | undefined;
    for (let tries = 0; tries < TRIES && step?.isKept !== true; tries += 1) {
      const measured = await attempt(() => measureRelay(target, { callers, framesPerSecond, warmMs, measureMs }), say);
      if (measured === undefined) return taken;
      step = { callers, measured, isKept: measured.result.delay.p99Ms <= MOST_P99_MS && errorRate(measured) < MOST_ERRORS };
      taken.push(step);
      say(`${target.name}, ${callers} speaking callers: ${percentiles(measured.result.delay)}`);
    }
    if (step?.isKept !== true) break;
  }
  return taken;
}

/** A step that so many callers cannot even be had for ends the rise. */
async function attempt(measure: () => Promise<Measurement>, say: (words: string) => void): Promise<Measurement | undefined> {
  try {
    return await measure();
  } catch (error) {
    say(messageOf(error));
    return undefined;
  }
}

function mostKept(steps: readonly Step[]): number {
  return Math.max(0, ...steps.filter(({ isKept }) => isKept).map(({ callers }) => callers));
}

function pointsOf(steps: readonly Step[]): (readonly [number, number])[] {
  return steps.map(({ callers, measured }) => [callers, measured.result.delay.p99Ms] as const);
}
