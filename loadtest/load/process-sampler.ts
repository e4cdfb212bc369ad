import { readFileSync } from 'node:fs';

/** Linux counts a process's time in hundredths of a second (USER_HZ is 100 on every common machine). */
const TICK_MS = 10;
const UTIME = 11;
const STIME = 12;

/** What a process had used up at a moment. */
export interface ProcessSample {
  /** Seconds since the run began. */
  readonly atS: number;
  /** Of one core, since the sample before. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
}

/** One process, watched through /proc. */
export interface WatchedProcess {
  readonly name: string;
  readonly pid: number;
  readonly samples: ProcessSample[];
}

/** Reads what processes of this machine use; those that are gone, or are elsewhere, have no samples. */
export class ProcessSampler {
  readonly processes: readonly WatchedProcess[];
  readonly #cpuMs = new Map<number, { readonly cpuMs: number; readonly atMs: number }>();

  constructor(processes: readonly { readonly name: string; readonly pid: number }[]) {
    this.processes = processes.map(({ name, pid }) => ({ name, pid, samples: [] }));
    this.sample(0);
  }

  /** Notes what each uses now, `atS` seconds into the run. The first time only begins. */
  sample(atS: number): void {
    for (const { pid, samples } of this.processes) {
      const now = readProcess(pid);
      const atMs = performance.now();
      const before = this.#cpuMs.get(pid);
      if (now === undefined) continue;
      this.#cpuMs.set(pid, { cpuMs: now.cpuMs, atMs });
      if (before === undefined || atMs - before.atMs < 1) continue;
      const cpuPercent = Math.round(((now.cpuMs - before.cpuMs) / (atMs - before.atMs)) * 1000) / 10;
      samples.push({ atS, cpuPercent, rssBytes: now.rssBytes });
    }
  }
}

/** Memory of this process that it shares with nobody, in bytes: what it costs. Undefined where it is gone. */
export function privateBytes(pid: number): number | undefined {
  const rollup = read(`/proc/${pid}/smaps_rollup`);
  if (rollup === undefined) return undefined;
  const kB = [...rollup.matchAll(/^Private_(?:Clean|Dirty): +(\d+) kB$/gm)].reduce((sum, [, text]) => sum + Number(text), 0);
  return kB * 1024;
}

function readProcess(pid: number): { readonly cpuMs: number; readonly rssBytes: number } | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  if (stat === undefined || resident === undefined) return undefined;
  // The second field, the name, may hold anything but is in parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { cpuMs: (Number(fields[UTIME]) + Number(fields[STIME])) * TICK_MS, rssBytes: Number(resident) * 1024 };
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process is gone, or this is no Linux: there is nothing to be seen of it.
    return undefined;
  }
}
