import { barOf } from '../bar.ts';
import { runCallers } from '../callers.ts';
import type { Inspector } from '../inspector.ts';
import { withInspectedFleet } from '../inspected-fleet.ts';
import { ownBytes } from '../process-usage.ts';
import { startInspectedEcho } from '../inspected-echo.ts';
import type { Stage, SuiteResult } from '../suite.ts';
import type { Target } from '../target.ts';
import { count } from '../words.ts';

const KB = 1024;
const MOST_OVER_ECHO_KB = 4;
/** Idle callers stay until everything was counted. */
const HOLD_MS = 8000;
const TALKERS = 100;
/** By then a talking caller's buffers hold what they hold. */
const TALK_WARM_MS = 8000;

/** What one connection costs a process, in kilobytes: pages of its own, and objects and buffers that are alive. */
interface PerConnection {
  readonly pagesKb: number;
  readonly liveKb: number;
}

interface Memory {
  readonly pages: number;
  readonly live: number;
}

/** What an idle connection and a talking caller cost in memory, beside a bare echo server. */
export async function memorySuite({ size, say }: Stage): Promise<SuiteResult> {
  const { idleConnections } = size;
  const echoed = await startInspectedEcho();
  let echo: PerConnection;
  try {
    echo = await perIdle(echoed.echo, echoed.pid, echoed.inspector, idleConnections);
  } finally {
    await echoed.stop();
  }
  say(`bare echo: ${kb(echo)}`);
  const { gateway, worker, talking } = await withInspectedFleet(async (inspected) => {
    const { fleet } = inspected;
    // Once before: what the first caller costs is not what a connection costs.
    await perIdle(fleet, fleet.gateway.pid, inspected.gateway, Math.ceil(idleConnections / 10));
    const { gateway, other } = await perIdleOfTwo(inspected, idleConnections);
    return { gateway, worker: other, talking: await perTalker(inspected) };
  });
  const over = gateway.pagesKb - echo.pagesKb;
  const facts = [
    `${count(idleConnections)} idle connections, each: bare echo ${kb(echo)}; gateway ${kb(gateway)}; worker ${kb(worker)}`,
    `${TALKERS} talking callers, each: gateway ${kb(talking.gateway)}; worker ${kb(talking.worker)}`,
  ];
  for (const fact of facts) say(fact);
  return {
    name: 'memory', facts, plots: [], raw: { echo, gateway, worker, talking },
    bars: [barOf({
      name: 'idle connection', promise: '≤ 4 kB above the bare echo’s', value: over, most: MOST_OVER_ECHO_KB, measured: `${over.toFixed(1)} kB above (gateway ${gateway.pagesKb.toFixed(1)} kB)`,
      reference: `bare echo ${echo.pagesKb.toFixed(1)} kB`, note: 'with its session and worker',
    })],
  };
}

function kb({ pagesKb, liveKb }: PerConnection): string {
  return `${pagesKb.toFixed(1)} kB of pages, ${liveKb.toFixed(1)} kB alive`;
}

async function memoryOf(pid: number, inspector: Inspector): Promise<Memory> {
  const { heap, buffers } = await inspector.liveBytes();
  return { pages: ownBytes(pid), live: heap + buffers };
}

function each(before: Memory, after: Memory, connections: number): PerConnection {
  return { pagesKb: (after.pages - before.pages) / connections / KB, liveKb: (after.live - before.live) / connections / KB };
}

async function idleWith(target: Target, connections: number, look: () => Promise<void>): Promise<void> {
  const lines = await target.lines(connections, { kind: 'idle' });
  await runCallers({ kind: 'idle', dialect: target.dialect, lines, holdMs: HOLD_MS }, HOLD_MS + 120_000, { onMeasuring: look });
}

async function perIdle(target: Target, pid: number, inspector: Inspector, connections: number): Promise<PerConnection> {
  const before = await memoryOf(pid, inspector);
  let after = before;
  await idleWith(target, connections, async () => void (after = await memoryOf(pid, inspector)));
  return each(before, after, connections);
}

type Inspected = Parameters<Parameters<typeof withInspectedFleet>[0]>[0];

async function perIdleOfTwo({ fleet, gateway, worker }: Inspected, connections: number): Promise<{ readonly gateway: PerConnection; readonly other: PerConnection }> {
  const look = (): Promise<Memory[]> => Promise.all([memoryOf(fleet.gateway.pid, gateway), memoryOf(fleet.worker.pid, worker)]);
  const before = await look();
  let after = before;
  await idleWith(fleet, connections, async () => void (after = await look()));
  const [one, other] = before.map((memory, at) => each(memory, after[at] ?? memory, connections));
  if (one === undefined || other === undefined) throw new Error('two processes were looked at');
  return { gateway: one, other };
}

async function perTalker({ fleet, gateway, worker }: Inspected): Promise<{ readonly gateway: PerConnection; readonly worker: PerConnection }> {
  const look = (): Promise<Memory[]> => Promise.all([memoryOf(fleet.gateway.pid, gateway), memoryOf(fleet.worker.pid, worker)]);
  const before = await look();
  let after = before;
  const lines = await fleet.lines(TALKERS, { kind: 'relay' });
  await runCallers(
    { kind: 'relay', dialect: 'native', awaitsFirst: true, lines, framesPerSecond: 50, priority: 1, warmMs: TALK_WARM_MS, measureMs: 3000, tellsPlayed: true },
    120_000, { onMeasuring: async () => void (after = await look()) },
  );
  const [ofGateway, ofWorker] = before.map((memory, at) => each(memory, after[at] ?? memory, TALKERS));
  if (ofGateway === undefined || ofWorker === undefined) throw new Error('two processes were looked at');
  return { gateway: ofGateway, worker: ofWorker };
}
