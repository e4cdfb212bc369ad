import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import type { Comparison } from './comparison.ts';
import type { LoadResult } from './load-result.ts';

const PAGE = 'loadtest/load/report.html';
const UPLOT = 'node_modules/uplot/dist';

/** One HTML page that shows a result, and an older one beside it; nothing is loaded from elsewhere. */
export function reportPage(result: LoadResult, old?: LoadResult, comparison?: Comparison): string {
  const read = (path: string): string => readFileSync(join(packageRoot(), path), 'utf8');
  const parts: Readonly<Record<string, string>> = {
    'uplot.css': read(`${UPLOT}/uPlot.min.css`),
    'uplot.js': read(`${UPLOT}/uPlot.iife.min.js`),
    // Nothing in the data can end the script it stands in.
    'data.json': JSON.stringify({ result, old, comparison }).replaceAll('<', String.raw`\u003c`),
  };
  // By a function: a "$" in what is put in means nothing.
  return read(PAGE).replace(/\/\*\s*insert (\S+)\s*\*\//g, (_, name: string) => parts[name] ?? '');
}
