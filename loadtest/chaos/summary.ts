import type { Judgement } from './judgement.ts';
import { verdictsOf } from './promises.ts';

const HEADINGS = ['fault', 'faults', 'calls lost', 'caller lost', 'caller twice', 'agent lost', 'agent twice', 'voices', 'texts', 'extra p50', 'p99', 'max', 'verdict'];

/** One run in a line, and below it each promise that was broken. */
export function summaryLine(judgement: Judgement): string {
  const { counts, extraSilence, trial } = judgement;
  const broken = verdictsOf(judgement).filter(({ isKept }) => !isKept);
  const head = `  ${trial.name}: ${counts.faults} faults, ${extraSilence.count} interruptions, ${counts.resumes} resumed; extra silence p50 ${ms(extraSilence.p50)}, p99 ${ms(extraSilence.p99)}, max ${ms(extraSilence.max)}; measured to within ${ms(judgement.lateMs)}`;
  return [head, ...(broken.length === 0 ? ['  kept every promise'] : broken.map(({ promise, measured }) => `  BROKEN ${promise}: ${measured}`))].join('\n');
}

/** Everything at a glance, in columns. */
export function summaryTable(judgements: readonly Judgement[]): string {
  const rows = [HEADINGS, ...judgements.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')).join('\n');
}

function cells(judgement: Judgement): string[] {
  const { trial, counts, extraSilence } = judgement;
  const { caller, agent, words } = counts;
  const isKept = verdictsOf(judgement).every((verdict) => verdict.isKept);
  return [
    trial.name, counts.faults, `${counts.callsLost}/${counts.calls}`, caller.lost + words.lost, caller.repeated + caller.disordered + words.added,
    agent.lost, agent.repeated + agent.disordered, agent.doubleVoices, counts.questionsUnanswered + counts.answersTooMany,
    ms(extraSilence.p50), ms(extraSilence.p99), ms(extraSilence.max), isKept ? 'kept' : 'BROKEN',
  ].map(String);
}

function ms(value: number): string {
  return `${Math.round(value)} ms`;
}

/** The measured table of docs/resilience.md, as Markdown. */
export function markdownTable(judgements: readonly Judgement[]): string {
  const rows = judgements.map((judgement) => {
    const broken = verdictsOf(judgement).filter(({ isKept }) => !isKept);
    const promises = broken.length === 0 ? 'every promise kept' : broken.map(({ promise, measured }) => `**broken:** ${promise} (${measured})`).join('; ');
    const { counts, extraSilence, trial } = judgement;
    const cells = [
      trial.words, `${counts.faults} × on ${counts.calls} calls`, promises,
      `${ms(extraSilence.p50)} / ${ms(extraSilence.p99)} / ${ms(extraSilence.max)}`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| fault | done | lost, repeated, out of order | extra silence p50 / p99 / max |', '| --- | --- | --- | --- |', ...rows].join('\n');
}
