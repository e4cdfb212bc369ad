import { barOf, type Bar } from '../bar.ts';
import { withInspectedFleet } from '../inspected-fleet.ts';
import type { Inspector } from '../inspector.ts';
import { errorRate, measureRelay, type Measurement } from '../measurement.ts';
import { ownBytes } from '../process-usage.ts';
import { slopeOf } from '../slope.ts';
import type { Plot, Stage, SuiteResult } from '../suite.ts';
import { percentiles } from '../words.ts';

const MB = 2 ** 20;
const KB = 1024;
/** Live memory that grows by less is not told from noise: a gigabyte a week. */
const MOST_KB_PER_MINUTE = 100;
/** A soak shorter than this tells little. */
const TELLING_SECONDS = 600;
const SAMPLES = 40;

/** One look at a process, so many minutes into the soak. */
interface Sample {
  readonly minute: number;
  readonly pagesBytes: number;
  readonly liveBytes: number;
}

type Tier = 'gateway' | 'worker';

/** Callers who talk for long: whether memory grows. */
export async function soakSuite({ size, say }: Stage): Promise<SuiteResult> {
  const { soakSeconds, warmMs, framesPerSecond } = size;
  const callers = Math.ceil(size.callers / 4);
  const { measured, samples } = await withInspectedFleet(async ({ fleet, gateway, worker }) => {
    const stop = new AbortController();
    const looking = look({ gateway: [fleet.gateway.pid, gateway], worker: [fleet.worker.pid, worker] }, soakSeconds, stop.signal);
    const measuring = await measureRelay(fleet, { callers, framesPerSecond, warmMs, measureMs: soakSeconds * 1000, tellsPlayed: true });
    stop.abort();
    return { measured: measuring, samples: await looking };
  });
  const bars = (['gateway', 'worker'] as const).map((tier) => growthBar(tier, samples[tier], measured, soakSeconds));
  const facts = [`soak of ${soakSeconds} s with ${callers} talking callers: ${percentiles(measured.result.delay)}, ${measured.result.sent - measured.result.answered} of ${measured.result.sent} frames lost`];
  for (const fact of facts) say(fact);
  return { name: 'soak', bars, facts, plots: [plotOf(samples)], raw: { measured, samples } };
}

function growthBar(tier: Tier, all: readonly Sample[], measured: Measurement, soakSeconds: number): Bar {
  const steady = all.slice(Math.floor(all.length / 2));
  const perMinute = (value: (sample: Sample) => number): number => slopeOf(steady.map((sample) => [sample.minute, value(sample)])) / KB;
  const live = perMinute(({ liveBytes }) => liveBytes);
  const isLost = errorRate(measured) > 0;
  return barOf({
    name: `growth of the ${tier}`, promise: 'none', value: live, most: MOST_KB_PER_MINUTE,
    measured: `live ${live.toFixed(0)} kB/min, pages ${perMinute(({ pagesBytes }) => pagesBytes).toFixed(0)} kB/min`,
    reference: `${((steady.at(-1)?.liveBytes ?? 0) / MB).toFixed(1)} MB alive`,
    doubt: soakSeconds < TELLING_SECONDS ? `a soak of ${soakSeconds} s is too short to tell` : undefined, note: isLost ? 'frames were lost' : '',
  });
}

async function look(tiers: Readonly<Record<Tier, readonly [number, Inspector]>>, soakSeconds: number, signal: AbortSignal): Promise<Readonly<Record<Tier, readonly Sample[]>>> {
  const samples: Record<Tier, Sample[]> = { gateway: [], worker: [] };
  const fromMs = performance.now();
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, (soakSeconds * 1000) / SAMPLES));
    for (const tier of ['gateway', 'worker'] as const) {
      const [pid, inspector] = tiers[tier];
      const { heap, buffers } = await inspector.liveBytes();
      samples[tier].push({ minute: (performance.now() - fromMs) / 60_000, pagesBytes: ownBytes(pid), liveBytes: heap + buffers });
    }
  }
  return samples;
}

function plotOf(samples: Readonly<Record<Tier, readonly Sample[]>>): Plot {
  const series = (['gateway', 'worker'] as const).flatMap((tier) => [
    { name: `${tier}, alive`, points: samples[tier].map(({ minute, liveBytes }) => [minute, liveBytes / MB] as const) },
    { name: `${tier}, pages`, points: samples[tier].map(({ minute, pagesBytes }) => [minute, pagesBytes / MB] as const) },
  ]);
  return { title: 'Memory of a soak', xLabel: 'minutes', yLabel: 'MB', series };
}
