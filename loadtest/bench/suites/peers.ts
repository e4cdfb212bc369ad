import { messageOf } from '../../../shared/runtime/errors.ts';
import { PEERS } from '../../peers/peer-targets.ts';
import { barOf, type Bar } from '../bar.ts';
import { answersPerCore, errorRate, isLate, measureRelay, measureTexts, MOST_LATE_MS, type Measurement } from '../measurement.ts';
import { roundPlot } from '../round-plot.ts';
import { holdRounds, interleaved, medianOf, type Round } from '../rounds.ts';
import type { Size, Stage, SuiteResult } from '../suite.ts';
import type { Target } from '../target.ts';
import { count, ms, times } from '../words.ts';

const WS_RELAY = 'ws + Redis';
const FLEET = 'fleet';
const MOST_P50 = 1 / 3;
const MOST_P99 = 1 / 5;

/** Of one round: frames and texts, by who carried them. */
interface Carried {
  readonly relay: Readonly<Record<string, Measurement>>;
  readonly text: Readonly<Record<string, Measurement>>;
}

/** The same scenarios against what a team would otherwise write. Who cannot be started here is said and left out. */
export async function peersSuite(stage: Stage): Promise<SuiteResult> {
  const { fleet, size, say } = stage;
  const facts: string[] = [];
  const peers = await startPeers((words) => {
    facts.push(words);
    say(words);
  });
  try {
    const targets: Readonly<Record<string, Target>> = { [FLEET]: fleet, ...peers };
    const held = await holdRounds(stage, async (round): Promise<Carried> => {
      const relay = await interleaved(round, each(targets, (target) => measureRelay(target, size)));
      const text = await interleaved(round, each(targets, (target) => measureWarmTexts(target, size)));
      say(`round ${round + 1}: ${Object.entries(relay).map(([name, { result }]) => `${name} ${ms(result.delay.p50Ms)} / ${ms(result.delay.p99Ms)}`).join('; ')}`);
      return { relay, text };
    });
    facts.push(...factsOf(Object.keys(targets), held, size.callers * size.framesPerSecond));
    const plots = [roundPlot(`Relay of ${count(size.callers * size.framesPerSecond)} frames/s, p99`, held, Object.keys(targets), ({ relay }, who) => relay[who]?.result.delay.p99Ms)];
    return { name: 'peers', bars: WS_RELAY in peers ? barsOf(held) : [], facts, plots, raw: held };
  } finally {
    for (const peer of Object.values(peers)) await peer.stop();
  }
}

async function startPeers(complain: (words: string) => void): Promise<Record<string, Target>> {
  const started: Record<string, Target> = {};
  for (const [name, start] of Object.entries(PEERS)) {
    try {
      started[name] = await start();
    } catch (error) {
      complain(`${name} LEFT OUT: ${messageOf(error)}`);
    }
  }
  return started;
}

/** The first time much of what a text passes is compiled while it runs, most of it where there is most of it. */
async function measureWarmTexts(target: Target, { textCallers, textMessages }: Size): Promise<Measurement> {
  await measureTexts(target, textCallers, textMessages);
  return measureTexts(target, textCallers, textMessages);
}

function each(targets: Readonly<Record<string, Target>>, measure: (target: Target) => Promise<Measurement>): Record<string, () => Promise<Measurement>> {
  return Object.fromEntries(Object.entries(targets).map(([name, target]) => [name, () => measure(target)]));
}

function barsOf(held: readonly Round<Carried>[]): Bar[] {
  const delay = (who: string, which: 'p50Ms' | 'p99Ms') => ({ relay }: Carried): number => relay[who]?.result.delay[which] ?? Number.NaN;
  const late = held.filter(({ measured: { relay } }) => [FLEET, WS_RELAY].some((who) => relay[who] !== undefined && isLate(relay[who]))).length;
  const doubt = late * 2 > held.length ? `callers were over ${MOST_LATE_MS} ms late in ${late} of ${held.length} rounds` : undefined;
  return ([['p50Ms', MOST_P50, '≤ 1/3'], ['p99Ms', MOST_P99, '≤ 1/5']] as const).map(([which, most, promised]) => {
    const ratio = medianOf(held, (carried) => delay(FLEET, which)(carried) / delay(WS_RELAY, which)(carried));
    return barOf({
      name: `relay ${which.slice(0, -2)}`, promise: `${promised} of ws + Redis`, value: ratio, most, doubt,
      measured: `${times(ratio)} (${ms(medianOf(held, delay(FLEET, which)))})`, reference: `ws + Redis ${ms(medianOf(held, delay(WS_RELAY, which)))}`,
    });
  });
}

function factsOf(names: readonly string[], held: readonly Round<Carried>[], framesPerSecond: number): string[] {
  const of = (kind: keyof Carried, who: string, value: (measured: Measurement) => number): number =>
    medianOf(held, (carried) => (carried[kind][who] === undefined ? Number.NaN : value(carried[kind][who])));
  return names.flatMap((who) => [
    `${who}, ${count(framesPerSecond)} frames/s: p50 ${ms(of('relay', who, ({ result }) => result.delay.p50Ms))}, p99 ${ms(of('relay', who, ({ result }) => result.delay.p99Ms))}, ` +
      `${(of('relay', who, errorRate) * 100).toFixed(2)} % lost, ${count(of('relay', who, (measured) => answersPerCore(measured, Object.keys(measured.cpuSeconds))))} frames/s a core`,
    `${who}, texts: ${count(of('text', who, ({ result }) => (result.answered / result.measuredMs) * 1000))}/s, p50 ${ms(of('text', who, ({ result }) => result.delay.p50Ms))}, ` +
      `p99 ${ms(of('text', who, ({ result }) => result.delay.p99Ms))}, ${count(of('text', who, ({ result }) => result.sent - result.answered + result.misplaced))} wrong or missing`,
  ]);
}
