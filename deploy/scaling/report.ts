import { escaped, grouped } from '../../loadtest/chaos/html.ts';
import { chartSvg } from './chart.ts';
import type { SimulationResult } from './simulation.ts';

/** A simulated run and what it was called. */
export interface NamedResult {
  readonly name: string;
  readonly result: SimulationResult;
}

const HEADS = ['run', 'calls', 'refused', 'waited ≥ 1 s', 'lost', 'handed off', 'moved', 'workers at most', 'worker hours', 'gateway hours', 'slots used'] as const;

/** What came out, a row for each run under `HEADS`. */
function rows(results: readonly NamedResult[]): string[][] {
  return results.map(({ name, result }) => {
    const { tally, samples } = result;
    const refused = tally.refusedByWorkers + tally.refusedByGateways;
    const used = samples.reduce((sum, { slotsUsed }) => sum + slotsUsed, 0) / Math.max(1, samples.reduce((sum, { slots }) => sum + slots, 0));
    return [
      name, grouped(tally.arrived), `${grouped(refused)} (${((100 * refused) / Math.max(1, tally.arrived)).toFixed(2)} %)`, grouped(result.waited), grouped(tally.lost),
      grouped(tally.handedOff), grouped(tally.moved), String(Math.max(...samples.map(({ workers, workersStarting }) => workers + workersStarting))),
      grouped(Math.round(result.workerHours)), grouped(Math.round(result.gatewayHours)), `${Math.round(used * 100)} %`,
    ];
  });
}

/** The same as a table of Markdown. */
export function markdownTable(results: readonly NamedResult[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(HEADS), line(HEADS.map(() => '---')), ...rows(results).map(line)].join('\n');
}

/** One HTML page with everything in it: nothing is loaded from elsewhere. */
export function reportPage(trace: string, command: string, results: readonly NamedResult[]): string {
  const head = HEADS.map((cell) => `<th>${escaped(cell)}</th>`).join('');
  const body = rows(results).map((cells) => `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`).join('');
  const chart = chartSvg(trace, results.map(({ name, result: { samples } }) => ({ name, samples })));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Scaling: ${escaped(trace)}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:62rem;padding:0 1rem;color:#222;background:#fff}table{border-collapse:collapse;width:100%}td,th{text-align:right;padding:.3rem .6rem;border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}.table{overflow-x:auto}svg{width:100%;height:auto}</style></head>
<body><h1>Scaling: ${escaped(trace)}</h1><p><code>${escaped(command)}</code></p><div class="table"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>
${chart}</body></html>
`;
}
