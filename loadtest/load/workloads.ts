import { BurstWorkload } from './burst-workload.ts';
import { ChurnWorkload } from './churn-workload.ts';
import type { GeneratorJob } from './generator-messages.ts';
import { kernelStreams } from './kernel-stream.ts';
import { IdleWorkload } from './idle-workload.ts';
import type { Meter } from './meter.ts';
import { MixedWorkload } from './mixed-workload.ts';
import { RelayWorkload } from './relay-workload.ts';
import { SlowWorkload } from './slow-workload.ts';
import { TalkWorkload } from './talk-workload.ts';
import { TextWorkload } from './text-workload.ts';
import type { Workload, WorkloadOptions } from './workload.ts';

type Make = (options: WorkloadOptions, meter: Meter) => Workload;

const WORKLOADS: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['text', (options, meter) => new TextWorkload(options, meter)],
  ['talk', (options, meter) => new TalkWorkload(options, meter)],
  ['relay', (options, meter) => new RelayWorkload(options, meter)],
  ['idle', (options, meter) => new IdleWorkload(options, meter)],
  ['churn', (options, meter) => new ChurnWorkload(options, meter)],
  ['burst', (options, meter) => new BurstWorkload(options, meter)],
  ['slow', (options, meter) => new SlowWorkload(options, meter)],
  ['mixed', (options, meter) => new MixedWorkload(options, meter)],
]);

/** The workload of this name. Throws RangeError where there is none. */
export function makeWorkload({ workload, options }: GeneratorJob, meter: Meter): Workload {
  const make = WORKLOADS.get(workload);
  if (make === undefined) throw new RangeError(`no workload is called ${workload}`);
  return make({ ...options, openStream: kernelStreams() }, meter);
}
