import { messageOf } from '../../shared/runtime/errors.ts';
import type { OpenStream } from '../load/byte-stream.ts';
import { kernelStreams } from '../load/kernel-stream.ts';
import type { CallerOrder, CallerPlan, CallerReport, CallerResult } from './caller-plan.ts';
import { IdleCallers } from './idle-callers.ts';
import { RelayCallers } from './relay-callers.ts';
import { TextCallers } from './text-callers.ts';
import { TurnCallers } from './turn-callers.ts';

/** Callers of one plan. */
interface Callers {
  connect(): Promise<void>;
  run(onPhase: (phase: 'measuring' | 'measured') => void): Promise<CallerResult>;
}

function callersOf(plan: CallerPlan, openStream: OpenStream): Callers {
  switch (plan.kind) {
    case 'relay':
      return new RelayCallers(plan, openStream);
    case 'text':
      return new TextCallers(plan, openStream);
    case 'idle':
      return new IdleCallers(plan, openStream);
    case 'turns':
      return new TurnCallers(plan, openStream);
  }
}

function tell(report: CallerReport): void {
  process.send?.(report);
}

async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    tell({ report: 'failed', reason: messageOf(error) });
  }
}

/** The callers of one plan, as a process of their own: told by its parent what to do, ended with it. */
let callers: Callers | undefined;
process.on('message', (order: CallerOrder) => {
  void attempt(async () => {
    if (order.order === 'connect') {
      callers = callersOf(order.plan, kernelStreams());
      await callers.connect();
      return tell({ report: 'connected' });
    }
    const result = await callers?.run((report) => tell({ report }));
    if (result !== undefined) tell({ report: 'result', result });
  });
});
process.once('disconnect', () => process.exit());
