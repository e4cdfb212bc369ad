/** What became of one of the bars: kept, missed, or not to be said of this run. */
export type Verdict = 'pass' | 'short' | 'unclear';

/** One line of the table: what is promised, what was measured, beside what. */
export interface Bar {
  readonly name: string;
  /** What is promised, in words. */
  readonly promise: string;
  readonly measured: string;
  /** What it is measured against, where it is a ratio. */
  readonly reference: string;
  readonly verdict: Verdict;
  /** What has to be known to read it: noise, late callers. */
  readonly note: string;
}

/** A bound on a number. */
export interface Bound {
  readonly name: string;
  readonly promise: string;
  readonly value: number;
  readonly least?: number;
  readonly most?: number;
  readonly measured: string;
  readonly reference?: string;
  /** Why this run cannot tell; where there is one, nothing passes or fails. */
  readonly doubt?: string | undefined;
  readonly note?: string;
}

/** Judges one number against its bound. */
export function barOf({ name, promise, value, least, most, measured, reference = '', doubt, note = '' }: Bound): Bar {
  const isKept = (least === undefined || value >= least) && (most === undefined || value <= most);
  const verdict: Verdict = doubt !== undefined || Number.isNaN(value) ? 'unclear' : isKept ? 'pass' : 'short';
  return { name, promise, measured, reference, verdict, note: [doubt, note].filter((words) => words !== undefined && words !== '').join('; ') };
}

const HEADINGS = ['bar', 'promised', 'measured', 'beside', '', 'note'];

/** The table for a terminal. */
export function barTable(bars: readonly Bar[]): string {
  const rows = [HEADINGS, ...bars.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd()).join('\n');
}

/** The table for a document. */
export function barMarkdown(bars: readonly Bar[]): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  return [line(HEADINGS), line(HEADINGS.map(() => '---')), ...bars.map((bar) => line(cells(bar)))].join('\n');
}

function cells({ name, promise, measured, reference, verdict, note }: Bar): string[] {
  return [name, promise, measured, reference, verdict, note];
}
