import type { MeterWindow } from './meter.ts';
import type { WorkloadPart } from './workload.ts';

/** What a generator is to do. */
export interface GeneratorJob {
  readonly workload: string;
  readonly options: WorkloadPart;
  /** How often it tells what it measured. */
  readonly windowMs: number;
}

/** From the tool to a generator process. */
export type ToGenerator =
  | { readonly kind: 'job'; readonly job: GeneratorJob }
  /** Everybody is connected everywhere: begin. */
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' };

/** From a generator process to the tool. */
export type FromGenerator =
  | { readonly kind: 'ready' }
  /** What was measured in window `at` of the run. */
  | { readonly kind: 'window'; readonly at: number; readonly window: MeterWindow }
  /** It did all it was to do, before it was stopped. */
  | { readonly kind: 'finished' }
  /** Stopped, hung up; what came after the last window. */
  | { readonly kind: 'done'; readonly at: number; readonly window: MeterWindow }
  | { readonly kind: 'failed'; readonly message: string };

/** Whether a message of a parent process is one of ours: nobody else writes to the channel. */
export function isToGenerator(message: unknown): message is ToGenerator {
  return typeof message === 'object' && message !== null && 'kind' in message;
}

/** The same for what a generator says. */
export function isFromGenerator(message: unknown): message is FromGenerator {
  return typeof message === 'object' && message !== null && 'kind' in message;
}
