import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { histogramSvg } from './histogram.ts';
import { duration, escaped, grouped } from './html.ts';
import type { Judgement, Spread } from './judgement.ts';
import { verdictsOf } from './promises.ts';
import { timelineSvg } from './timeline-chart.ts';

const LEGEND = [['caller', 'caller speaks'], ['agent', 'agent sounds'], ['silence', 'silence beyond the usual'], ['fault', 'fault, until the fleet is whole again'], ['fault elsewhere', 'fault elsewhere'], ['line reconnecting', 'reconnecting']] as const;

export interface ReportOptions {
  readonly title: string;
  /** What was run, as typed. */
  readonly command: string;
  /** ISO 8601. */
  readonly at: string;
}

/** One HTML page with everything in it: nothing is loaded from elsewhere. */
export function reportPage(judgements: readonly Judgement[], { title, command, at }: ReportOptions): string {
  const css = readFileSync(join(packageRoot(), 'loadtest/chaos/report.css'), 'utf8');
  const broken = judgements.flatMap(verdictsOf).filter(({ isKept }) => !isKept).length;
  const verdict = broken === 0 ? '<p class="verdict kept">Every promise was kept.</p>' : `<p class="verdict broken">${broken} ${broken === 1 ? 'promise was' : 'promises were'} broken.</p>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title><style>${css}</style></head>
<body><main>
<header><h1>${escaped(title)}</h1>${verdict}<p class="what"><code>${escaped(command)}</code><br>${escaped(at)}</p>${figures(judgements)}</header>
${overview(judgements)}
${judgements.map(faultSection).join('\n')}
<footer><p>Samples are accounted for by number: callers and agent speak audio in which every sample says what it is part of. Extra silence is, per fault and call it hit, the longest gap within an answer or wait for one, less what an answer takes without faults.</p></footer>
</main></body></html>
`;
}

function figures(judgements: readonly Judgement[]): string {
  const sum = (value: (judgement: Judgement) => number): string => grouped(judgements.reduce((total, judgement) => total + value(judgement), 0));
  const all: readonly (readonly [string, string])[] = [
    [sum(({ counts }) => counts.calls), 'calls'],
    [sum(({ counts }) => counts.faults), 'faults done'],
    [sum(({ interruptions }) => interruptions.length), 'calls hit'],
    [sum(({ counts }) => counts.callsLost), 'calls lost'],
    [sum(({ counts }) => counts.caller.spoken + counts.agent.heard), 'samples accounted for'],
    [sum(({ counts }) => counts.caller.lost + counts.agent.lost), 'samples lost'],
  ];
  return `<dl class="figures">${all.map(([value, name]) => `<div><dd>${value}</dd><dt>${name}</dt></div>`).join('')}</dl>`;
}

function overview(judgements: readonly Judgement[]): string {
  const rows = judgements.map((judgement) => {
    const { trial: { name }, counts, extraSilence } = judgement;
    const { caller, agent, words } = counts;
    const cells = [
      counts.faults, counts.callsLost, caller.lost + words.lost, caller.repeated + caller.disordered + words.added, agent.lost, agent.repeated + agent.disordered, agent.doubleVoices,
    ];
    const isKept = verdictsOf(judgement).every((verdict) => verdict.isKept);
    return `<tr><th scope="row"><a href="#${escaped(name)}">${escaped(name)}</a></th><td>${chip(isKept)}</td>${cells.map((cell, at) => `<td${at > 0 && cell > 0 ? ' class="bad"' : ''}>${grouped(cell)}</td>`).join('')}<td>${duration(extraSilence.p50)}</td><td>${duration(extraSilence.p99)}</td><td>${duration(extraSilence.max)}</td></tr>`;
  });
  const heads = ['fault', '', 'times', 'calls lost', 'caller lost', 'caller twice', 'agent lost', 'agent twice', 'two voices', 'silence p50', 'p99', 'max'];
  return `<div class="scroll"><table><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
}

function faultSection(judgement: Judgement): string {
  const { trial: { name: trial, words }, worst, injections, usualDelayMs, lateMs, interruptions, extraSilence, detected, claimed, caughtUp, healed } = judgement;
  const verdicts = verdictsOf(judgement).map(({ promise, measured, isKept }) => `<li class="${isKept ? 'kept' : 'broken'}"><span>${escaped(promise)}</span> <em>${escaped(measured)}</em></li>`);
  const times = [['extra silence', extraSilence], ['until the caller was told', detected], ['until somebody owned the call', claimed], ['until the agent went on', caughtUp], ['until all was there again', healed]] as const;
  const timeline = worst === undefined ? '' : `<figure><figcaption>Worst call (number ${worst.call}), at its worst moment</figcaption><div class="scroll wide">${timelineSvg(worst, injections, usualDelayMs)}</div>${legend()}</figure>`;
  return `<section id="${escaped(trial)}"><h2>${escaped(trial)}</h2><p class="what">${escaped(words)}; an answer takes ${duration(usualDelayMs)} without faults; times are measured to within ${duration(lateMs)}, as late as the measuring process was at the most</p>
<div class="columns"><ul class="promises">${verdicts.join('')}</ul>
<figure><figcaption>Extra silence of ${interruptions.length} interruptions</figcaption>${histogramSvg(interruptions.map(({ extraMs }) => extraMs))}
<table class="times"><thead><tr><th></th><th>p50</th><th>p99</th><th>max</th></tr></thead><tbody>${times.map(([name, spread]) => spreadRow(name, spread)).join('')}</tbody></table></figure></div>
${timeline}</section>`;
}

function spreadRow(name: string, { count, p50, p99, max }: Spread): string {
  const cells = count === 0 ? '<td colspan="3">none</td>' : [p50, p99, max].map((value) => `<td>${duration(value)}</td>`).join('');
  return `<tr><th scope="row">${name}</th>${cells}</tr>`;
}

function chip(isKept: boolean): string {
  return isKept ? '<span class="chip kept">kept</span>' : '<span class="chip broken">broken</span>';
}

function legend(): string {
  const entries = LEGEND.map(([kind, words]) => `<li><svg viewBox="0 0 16 12" aria-hidden="true"><rect class="${kind}" width="16" height="12" rx="3"/></svg>${words}</li>`);
  return `<ul class="legend">${entries.join('')}</ul>`;
}
