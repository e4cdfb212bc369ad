import { seededRandom, seedOf, type Random } from '../../loadtest/chaos/random.ts';
import { Autoscaler, type AutoscalerPolicy, type Readings } from './autoscaler.ts';
import { FleetModel, type FleetSettings, type Tally } from './fleet-model.ts';
import { laneWaitS, MetricSnapshot, type CpuModel } from './metric-snapshot.ts';
import type { Call, Tier } from './pods.ts';
import type { Trace, TraceMinute } from './trace.ts';

/** The autoscaler looks this often, at readings that are one look old: --horizontal-pod-autoscaler-sync-period, and the scrape interval. */
const SYNC_S = 15;
/** Of 20 calls one is urgent, two are bulk. */
const URGENT_SHARE = 0.05;
const BULK_SHARE = 0.1;

/** A tier is scaled by a policy, or has so many replicas. */
export type Scaling = AutoscalerPolicy | number;

export interface SimulationOptions {
  readonly trace: Trace;
  readonly gateways: Scaling;
  readonly workers: Scaling;
  readonly settings: FleetSettings;
  readonly cpu: CpuModel;
  readonly seed: number;
}

/** How the fleet was at the end of a minute; counts are of that minute. */
export interface Sample {
  readonly minute: number;
  readonly callers: number;
  readonly slotsUsed: number;
  readonly slots: number;
  readonly workers: number;
  readonly workersStarting: number;
  readonly gateways: number;
  readonly arrived: number;
  readonly refused: number;
  readonly lost: number;
  /** Of calls that were taken in this minute: seconds between their connection and their worker. */
  readonly waitP99S: number;
  readonly laneWaitP99S: number;
}

export interface SimulationResult {
  readonly samples: readonly Sample[];
  readonly tally: Readonly<Tally>;
  /** Of all calls that were taken, how many waited a second or longer. */
  readonly waited: number;
  /** Pod hours of workers and gateways: what it costs. */
  readonly workerHours: number;
  readonly gatewayHours: number;
  /** Callers who are there at the end. */
  readonly present: number;
}

interface Scaled {
  readonly tier: Tier;
  readonly autoscaler: Autoscaler | undefined;
}

/** Plays a trace second by second. The same options give the same result. */
export function simulate(options: SimulationOptions): SimulationResult {
  const { trace, settings, cpu, seed } = options;
  const fleet = new FleetModel(settings, seededRandom(seedOf(seed, 'fleet')));
  const random = seededRandom(seedOf(seed, 'calls'));
  const expected = ((trace[0]?.calls ?? 0) / 60) * (trace[0]?.meanCallS ?? 0);
  const scaled = [begin(fleet.gateways, options.gateways, expected), begin(fleet.workers, options.workers, expected)];
  const samples: Sample[] = [];
  const total = { waited: 0, workerS: 0, gatewayS: 0 };
  let seen = new MetricSnapshot(fleet, cpu, 1, 0);
  for (const [minute, arriving] of trace.entries()) {
    const before = { ...fleet.tally };
    const waits: number[] = [];
    for (const [second, arrivals] of arrivalsOf(minute, arriving, random).entries()) {
      const nowS = minute * 60 + second;
      for (const wait of fleet.tick(nowS, arrivals)) waits.push(wait);
      total.workerS += fleet.workers.pods.length;
      total.gatewayS += fleet.gateways.pods.length;
      if (nowS % SYNC_S !== 0) continue;
      for (const { tier, autoscaler } of scaled) if (autoscaler !== undefined) resize(tier, autoscaler, nowS, seen.readings(tier, nowS));
      seen = new MetricSnapshot(fleet, cpu, arriving.load, nowS);
    }
    total.waited += waits.filter((wait) => wait >= 1).length;
    samples.push(sampleOf(minute, fleet, before, waits, options, arriving));
  }
  return { samples, tally: fleet.tally, waited: total.waited, workerHours: total.workerS / 3600, gatewayHours: total.gatewayS / 3600, present: fleet.callers };
}

/** A trace begins in the middle of things: with the pods that its first minute's callers want. */
function begin(tier: Tier, scaling: Scaling, callers: number): Scaled {
  if (typeof scaling === 'number') {
    tier.scaleTo(scaling, 0, true);
    return { tier, autoscaler: undefined };
  }
  const wanted = Math.max(0, ...scaling.targets.map((target) => ('average' in target ? Math.ceil(callers / target.average) : 0)));
  tier.scaleTo(Math.min(Math.max(scaling.minReplicas, wanted), scaling.maxReplicas), 0, true);
  return { tier, autoscaler: new Autoscaler(scaling) };
}

function resize(tier: Tier, autoscaler: Autoscaler, nowS: number, readings: Readings): void {
  tier.scaleTo(autoscaler.next(nowS, tier.members.length, readings), nowS);
}

/** The calls of a minute by second, at moments and for times by chance; a call lasts 5 s at least. */
function arrivalsOf(minute: number, { calls, meanCallS }: TraceMinute, random: Random): Pick<Call, 'endsAtS' | 'lane'>[][] {
  const seconds = Array.from({ length: 60 }, (): Pick<Call, 'endsAtS' | 'lane'>[] => []);
  for (let call = 0; call < calls; call++) {
    const second = Math.floor(random() * 60);
    const lastsS = Math.max(5, Math.round(-Math.log(1 - random()) * meanCallS));
    const draw = random();
    const lane = draw < URGENT_SHARE ? 'urgent' : draw < URGENT_SHARE + BULK_SHARE ? 'bulk' : 'normal';
    seconds[second]?.push({ endsAtS: minute * 60 + second + lastsS, lane });
  }
  return seconds;
}

function sampleOf(minute: number, fleet: FleetModel, before: Tally, waits: number[], { settings, cpu }: SimulationOptions, { load }: TraceMinute): Sample {
  const { tally, workers, gateways } = fleet;
  const nowS = minute * 60 + 59;
  const ready = workers.ready(nowS).length;
  return {
    minute, callers: fleet.callers, slotsUsed: fleet.slotsUsed, slots: ready * settings.slots, workers: ready,
    workersStarting: workers.members.length - ready, gateways: gateways.ready(nowS).length,
    arrived: tally.arrived - before.arrived,
    refused: tally.refusedByWorkers + tally.refusedByGateways - before.refusedByWorkers - before.refusedByGateways,
    lost: tally.lost - before.lost,
    waitP99S: waits.sort((one, other) => one - other)[Math.ceil(waits.length * 0.99) - 1] ?? 0,
    laneWaitP99S: laneWaitS(fleet.workers.pods, cpu, load),
  };
}
