import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CallerOrder, CallerPlan, CallerReport, CallerResult } from './caller-plan.ts';

/** What is done while callers are at work. */
export interface CallerWatch {
  /** The callers are connected, nothing was sent yet. */
  readonly onConnected?: () => Promise<void> | void;
  readonly onMeasuring?: (callersPid: number) => Promise<void> | void;
  readonly onMeasured?: (callersPid: number) => Promise<void> | void;
}

const ENTRY = fileURLToPath(new URL('./caller-process.js', import.meta.url));

/** Holds a plan in a process of its own, to its end. Rejects where a line is refused, or after `mostMs`; nothing is left running. */
export async function runCallers(plan: CallerPlan, mostMs: number, watch: CallerWatch = {}): Promise<CallerResult> {
  const child = fork(ENTRY, [], { execArgv: [] });
  let deadline: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    deadline = setTimeout(() => reject(new Error(`${plan.lines.length} callers (${plan.kind}) were not done after ${mostMs / 1000} s`)), mostMs);
  });
  try {
    return await Promise.race([conduct(child, plan, watch), late]);
  } finally {
    clearTimeout(deadline);
    child.kill('SIGKILL');
  }
}

function conduct(child: ChildProcess, plan: CallerPlan, watch: CallerWatch): Promise<CallerResult> {
  const order = (what: CallerOrder): void => void child.send(what);
  return new Promise((resolve, reject) => {
    const heard = async (report: CallerReport): Promise<void> => {
      switch (report.report) {
        case 'connected':
          await watch.onConnected?.();
          return order({ order: 'go' });
        case 'measuring':
          return watch.onMeasuring?.(child.pid ?? 0);
        case 'measured':
          return watch.onMeasured?.(child.pid ?? 0);
        case 'result':
          return resolve(report.result);
        case 'failed':
          throw new Error(`callers failed: ${report.reason}`);
      }
    };
    child.on('message', (report: CallerReport) => void heard(report).catch(reject));
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`callers ended before their time (${signal ?? code ?? 'unknown'})`)));
    order({ order: 'connect', plan });
  });
}
