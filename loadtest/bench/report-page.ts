import { escaped } from '../chaos/html.ts';
import { plotSvg } from './plot-svg.ts';
import type { SuiteResult } from './suite.ts';

const STYLE = `
  :root { color-scheme: light dark; --line: #8884; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
  .scroll { overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
  .pass { color: #2a7d2a; font-weight: 600; } .short { color: #b3261e; font-weight: 600; } .unclear { color: #8a6d00; font-weight: 600; }
  .plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); gap: 1.5rem; }
  figure { margin: 0; } figcaption { font-weight: 600; } svg { width: 100%; height: auto; } .legend { font-size: .85rem; margin: .2rem 0 0; } .legend span { margin-right: .8rem; }
  .rule { stroke: var(--line); } svg text { font-size: 11px; fill: currentColor; } text.y { text-anchor: end; } text.x { text-anchor: middle; }
  li { font-variant-numeric: tabular-nums; } .dim { opacity: .7; }`;

/** What stands above a report. */
export interface ReportHead {
  readonly at: string;
  readonly machine: string;
}

/** The whole bench as one page that needs nothing else. */
export function reportPage(results: readonly SuiteResult[], { at, machine }: ReportHead): string {
  const rows = results.flatMap(({ bars }) => bars).map(({ name, promise, measured, reference, verdict, note }) => {
    const cells = [name, promise, measured, reference].map((cell) => `<td>${escaped(cell)}</td>`).join('');
    return `<tr>${cells}<td class="${verdict}">${verdict}</td><td>${escaped(note)}</td></tr>`;
  });
  const facts = results.filter((result) => result.facts.length > 0).map(({ name, facts: own }) => `<h2>${escaped(name)}</h2><ul>${own.map((fact) => `<li>${escaped(fact)}</li>`).join('')}</ul>`);
  const plots = results.flatMap((result) => result.plots).map(plotSvg).join('');
  const heads = ['bar', 'promised', 'measured', 'beside', '', 'note'].map((head) => `<th scope="col">${head}</th>`).join('');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Voxfleet: how fast</title><style>${STYLE}</style></head>
<body><h1>How fast the fleet is, beside what it is made of</h1><p class="dim">${escaped(at)} · ${escaped(machine)}</p>
<div class="scroll"><table><thead><tr>${heads}</tr></thead><tbody>${rows.join('')}</tbody></table></div>
<h2>Plots</h2><div class="plots">${plots}</div>${facts.join('')}</body></html>
`;
}
