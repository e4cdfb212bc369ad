import { barOf, type Bar } from '../bar.ts';
import { answersPerCore, errorRate, isLate, measureRelay, MOST_LATE_MS, type Measurement } from '../measurement.ts';
import { roundPlot } from '../round-plot.ts';
import { holdRounds, interleaved, medianOf, type Round } from '../rounds.ts';
import type { Stage, SuiteResult } from '../suite.ts';
import { count, ms, percentiles, times } from '../words.ts';

/** What carries a frame; Redis, which it does not pass, is told apart. */
const CARRIERS = ['gateway', 'worker', 'nats'] as const;
const LEAST_OF_CHAIN = 0.7;
const MOST_OF_CHAIN = 2;

type Pair = Readonly<Record<'chain' | 'fleet', Measurement>>;

/** The whole fleet beside the bare chain, at the same loads, round about: with room on the machine, and with all that it can do. */
export async function chainSuite(stage: Stage): Promise<SuiteResult> {
  const { callers, callersWithRoom, framesPerSecond } = stage.size;
  const roomy = [];
  for (const some of callersWithRoom) roomy.push({ framesPerSecond: some * framesPerSecond, held: await holdPairs(stage, some) });
  const held = await holdPairs(stage, callers);
  const full = callers * framesPerSecond;
  return {
    name: 'chain', raw: { held, roomy },
    bars: [perCoreBar(held), ...roomy.flatMap((load) => latencyBars(load.held, load.framesPerSecond)), ...latencyBars(held, full)],
    facts: [...roomy.map((load) => cpuFact(load.held, load.framesPerSecond)), ...factsOf(held, full)],
    plots: (['p50Ms', 'p99Ms'] as const).map((which) => roundPlot(`Frame in to frame out, ${which.slice(0, -2)}`, held, ['fleet', 'chain'], (pair, who) => pair[who === 'fleet' ? who : 'chain'].result.delay[which])),
  };
}

function holdPairs(stage: Stage, callers: number): Promise<readonly Round<Pair>[]> {
  const { chain, fleet, size: { framesPerSecond, warmMs, measureMs }, say } = stage;
  const load = { callers, framesPerSecond, warmMs, measureMs };
  return holdRounds(stage, async (round) => {
    const pair: Pair = await interleaved(round, { chain: () => measureRelay(chain, load), fleet: () => measureRelay(fleet, load) });
    say(`${count(callers * framesPerSecond)} frames/s, round ${round + 1}: chain ${percentiles(pair.chain.result.delay)}; fleet ${percentiles(pair.fleet.result.delay)}`);
    return pair;
  });
}

function perCoreBar(held: readonly Round<Pair>[]): Bar {
  const perCore = medianOf(held, ({ chain, fleet }) => answersPerCore(fleet, CARRIERS) / answersPerCore(chain, CARRIERS));
  return barOf({
    name: 'frames/s per core', promise: '≥ 70 % of the bare chain’s', value: perCore, least: LEAST_OF_CHAIN,
    doubt: losses(held), measured: `${Math.round(perCore * 100)} % (${count(medianOf(held, ({ fleet }) => answersPerCore(fleet, CARRIERS)))})`,
    reference: `bare chain ${count(medianOf(held, ({ chain }) => answersPerCore(chain, CARRIERS)))}`,
  });
}

function latencyBars(held: readonly Round<Pair>[], framesPerSecond: number): Bar[] {
  return (['p50Ms', 'p99Ms'] as const).map((which) => {
    const ratio = medianOf(held, ({ chain, fleet }) => fleet.result.delay[which] / chain.result.delay[which]);
    return barOf({
      name: `added latency ${which.slice(0, -2)} at ${count(framesPerSecond)} frames/s`, promise: '≤ 2 × the bare chain’s', value: ratio, most: MOST_OF_CHAIN,
      doubt: doubtOf(held), measured: `${times(ratio)} (${ms(medianOf(held, ({ fleet }) => fleet.result.delay[which]))})`,
      reference: `bare chain ${ms(medianOf(held, ({ chain }) => chain.result.delay[which]))}`,
    });
  });
}

function cpuFact(held: readonly Round<Pair>[], framesPerSecond: number): string {
  const perFrame = (who: keyof Pair, process: string): string => {
    const us = medianOf(held, (pair) => ((pair[who].cpuSeconds[process] ?? 0) * 1e6) / pair[who].result.answered);
    return `${process} ${us.toFixed(1)}`;
  };
  return `at ${count(framesPerSecond)} frames/s, µs of CPU per frame there and back: bare chain ${[...CARRIERS, 'callers'].map((name) => perFrame('chain', name)).join(', ')}; fleet ${[...CARRIERS, 'redis', 'callers'].map((name) => perFrame('fleet', name)).join(', ')}`;
}

function factsOf(held: readonly Round<Pair>[], framesPerSecond: number): string[] {
  const perCoreOf = (process: string): string => count(medianOf(held, ({ fleet }) => answersPerCore(fleet, [process])));
  return [
    cpuFact(held, framesPerSecond),
    `so one core of gateways carries ${perCoreOf('gateway')} frames/s there and back, one of workers ${perCoreOf('worker')}, one of NATS ${perCoreOf('nats')}: tiers grow by processes, each as far as its cores go`,
    `canary p99 by round: ${held.map(({ canaryP99Ms, repeated, isNoisy }) => `${ms(canaryP99Ms)}${repeated > 0 ? ` (after ${repeated} noisy)` : ''}${isNoisy ? ' noisy' : ''}`).join(', ')}`,
    `callers late at p99: ${held.map(({ measured: { chain, fleet } }) => `${ms(chain.result.lateness.p99Ms)} and ${ms(fleet.result.lateness.p99Ms)}`).join('; ')}`,
  ];
}

/** Why rounds say nothing about times: most of them had late callers. Noise of the machine is only told: ratios outlive it. */
function doubtOf(held: readonly Round<Pair>[]): string | undefined {
  const late = held.filter(({ measured: { chain, fleet } }) => isLate(chain) || isLate(fleet)).length;
  if (late * 2 > held.length) return `callers were over ${MOST_LATE_MS} ms late in ${late} of ${held.length} rounds`;
  return losses(held);
}

function losses(held: readonly Round<Pair>[]): string | undefined {
  const lost = held.filter(({ measured: { chain, fleet } }) => errorRate(chain) > 0 || errorRate(fleet) > 0);
  if (lost.length === 0) return undefined;
  const words = lost.flatMap(({ measured: { chain, fleet } }) => [chain, fleet].flatMap(({ result }) => result.faults));
  return `frames were lost in ${lost.length} of ${held.length} rounds ${words.slice(0, 2).join('; ')}`.trim();
}
