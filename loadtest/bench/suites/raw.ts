import { measureRelay } from '../measurement.ts';
import { runNatsPair } from '../reference-targets.ts';
import type { Stage, SuiteResult } from '../suite.ts';
import { count, ms, percentiles } from '../words.ts';

/** What the bare parts do on this machine at this time: the scale for all else. */
export async function rawSuite({ echo, size, say }: Stage): Promise<SuiteResult> {
  const { callers, framesPerSecond, warmMs, measureMs, natsMs } = size;
  const echoed = await measureRelay(echo, { callers, framesPerSecond, warmMs, measureMs });
  const perFrameUs = ((echoed.cpuSeconds['echo'] ?? 0) * 1e6) / echoed.result.answered;
  const pair = await runNatsPair(natsMs);
  const facts = [
    `bare uWebSockets.js echo at ${count(callers * framesPerSecond)} frames/s: ${percentiles(echoed.result.delay)}, ${perFrameUs.toFixed(1)} µs of CPU a frame`,
    `bare NATS pair: ${count(pair.perSecond)} messages/s published one by one, request and answer ${ms(pair.pingMs)}`,
  ];
  for (const fact of facts) say(fact);
  return { name: 'raw', bars: [], facts, plots: [], raw: { echoed, pair } };
}
