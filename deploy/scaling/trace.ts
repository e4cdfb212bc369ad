/** One minute of arriving calls. */
export interface TraceMinute {
  /** Calls that arrive within it. */
  readonly calls: number;
  /** How long they last on average, in seconds. */
  readonly meanCallS: number;
  /** CPU that a call costs, as a multiple of what was measured when SLOTS was set. */
  readonly load: number;
}

/** Arrivals minute by minute, oldest first. */
export type Trace = readonly TraceMinute[];

const HEAD = 'minute,calls,mean_call_s,load';

/** Reads a trace from CSV text with the columns `minute,calls,mean_call_s,load`. Throws with the number of the line that is wrong. */
export function parseTrace(text: string): Trace {
  const [head, ...lines] = text.trim().split(/\r?\n/);
  if (head !== HEAD) throw new Error(`line 1: expected "${HEAD}", got "${head ?? ''}"`);
  if (lines.length === 0) throw new Error('expected at least one minute');
  return lines.map((line, at) => {
    const cells = line.split(',').map((cell) => (cell.trim() === '' ? Number.NaN : Number(cell)));
    const [minute, calls = -1, meanCallS = 0, load = 0] = cells;
    const isRight = cells.length === 4 && minute === at && Number.isInteger(calls) && calls >= 0 && meanCallS > 0 && load > 0;
    if (!isRight) throw new Error(`line ${at + 2}: expected minute ${at}, whole calls from 0, mean_call_s and load above 0, got "${line}"`);
    return { calls, meanCallS, load };
  });
}

/** The CSV text of a trace. */
export function formatTrace(trace: Trace): string {
  return [HEAD, ...trace.map(({ calls, meanCallS, load }, minute) => `${minute},${calls},${meanCallS},${load}`), ''].join('\n');
}
