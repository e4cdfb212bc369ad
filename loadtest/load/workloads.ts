import type { GeneratorJob } from './generator-messages.ts';
import type { Meter } from './meter.ts';
import { RelayWorkload } from './relay-workload.ts';
import type { Workload, WorkloadOptions } from './workload.ts';

type Make = (options: WorkloadOptions, meter: Meter) => Workload;

const WORKLOADS: Readonly<Record<string, Make>> = {
  relay: (options, meter) => new RelayWorkload(options, meter),
};

/** The workload of this name. Throws RangeError where there is none. */
export function makeWorkload({ workload, options }: GeneratorJob, meter: Meter): Workload {
  const make = WORKLOADS[workload];
  if (make === undefined) throw new RangeError(`no workload is called ${workload}`);
  return make(options, meter);
}
