import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';

/** Where something was measured: numbers of two machines are not to be compared. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly system: string;
  readonly node: string;
  /** How busy it was before, averaged over a minute: what others had it do. */
  readonly loadBefore: number;
}

/** This machine, now. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown', cores: availableParallelism(), memoryGB: Math.round(totalmem() / 1e9),
    system: `${distribution()}, kernel ${release()}`, node: process.version, loadBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

function distribution(): string {
  try {
    return /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? process.platform;
  } catch {
    // No Linux, or one without that file.
    return process.platform;
  }
}
