import type { OpenStream } from './byte-stream.ts';

/** What one generator process does to the fleet. Its methods are called in this order, each once. */
export interface Workload {
  /** Connects everybody. Throws where somebody cannot be. */
  open(): Promise<void>;
  /** Begins; what is measured counts from now on. `done`, where there is one, resolves when there is nothing left to do. */
  start(): void;
  readonly done?: Promise<void>;
  /** Begins nothing any more and waits, for a while, for what is under way. */
  stop(): Promise<void>;
  /** Hangs up. */
  close(): Promise<void>;
}

/** The part of a run that is one process's. */
export interface WorkloadPart {
  /** Base URLs of gateways; callers take them in turn. */
  readonly urls: readonly string[];
  readonly apiKey?: string | undefined;
  readonly callers: number;
  /** The number of this process's first caller among all. */
  readonly firstCaller: number;
  readonly seed: number;
  /** Things a second that all processes together are to begin, where the scenario has a rate. */
  readonly rate: number;
  /** The part of the rate that is this process's: 0 to 1. */
  readonly share: number;
  /** What a scenario adds: see the workload. */
  readonly extra: Readonly<Record<string, number | string>>;
}

/** What a workload is made with. */
export interface WorkloadOptions extends WorkloadPart {
  readonly openStream: OpenStream;
}

/** How a caller reaches its gateway. */
export interface CallerLine {
  /** `http://host:port` of the gateway. */
  readonly url: string;
  readonly apiKey?: string | undefined;
  readonly openStream: OpenStream;
}

/** The line of this caller. */
export function lineOf({ urls, apiKey, openStream }: WorkloadOptions, caller: number): CallerLine {
  return { url: urlOf({ urls }, caller), apiKey, openStream };
}

/** The gateway of this caller. */
export function urlOf({ urls }: Pick<WorkloadOptions, 'urls'>, caller: number): string {
  return urls[caller % urls.length] ?? '';
}

/** Runs `work` for 0 to `count` - 1, `width` at once. Throws the first failure, after those under way are over. */
export async function inParallel(count: number, width: number, work: (at: number) => Promise<void>): Promise<void> {
  let next = 0;
  const outcomes = await Promise.allSettled(Array.from({ length: Math.min(width, count) }, async () => {
    while (next < count) {
      const at = next;
      next += 1;
      await work(at);
    }
  }));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
