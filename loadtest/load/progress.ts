import type { MeasuredRun } from './measured-run.ts';
import type { WatchedProcess } from './process-sampler.ts';
import { wrongIn } from './verdicts.ts';

const SPARKS = '▁▂▃▄▅▆▇█';
const MOST_SPARKS = 60;
const UP = '\u001b[';
const CLEAR_BELOW = '\u001b[J';
const BOLD = '\u001b[1m';
const DIM = '\u001b[2m';
const PLAIN = '\u001b[0m';

/** What a progress view is told of a second. */
export interface Progress {
  readonly title: string;
  readonly at: number;
  readonly seconds: number;
  readonly headline: string;
  readonly run: MeasuredRun;
  readonly processes: readonly WatchedProcess[];
}

/** Where a view is shown: standard output, or whoever wants to read along. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows a run while it goes on: redrawn on a terminal, else a line a second. */
export class ProgressView {
  readonly #out: ProgressOutput;
  #drawnLines = 0;

  constructor(out: ProgressOutput = process.stdout) {
    this.#out = out;
  }

  /** What happens next stands by itself. */
  say(words: string): void {
    this.#drawnLines = 0;
    this.#out.write(`${words}\n`);
  }

  second(progress: Progress): void {
    if (this.#out.isTTY !== true) return this.say(line(progress));
    const lines = block(progress, this.#out.columns ?? 80);
    const back = this.#drawnLines > 0 ? `${UP}${this.#drawnLines}A${CLEAR_BELOW}` : '';
    this.#out.write(`${back}${lines.join('\n')}\n`);
    this.#drawnLines = lines.length;
  }
}

/** One line for logs. */
function line({ title, at, seconds, headline, run, processes }: Progress): string {
  const { count, p50Ms, p99Ms } = run.seriesAt(headline, at);
  return `${String(at + 1).padStart(4)}/${seconds} s  ${title}  ${count}/s  p50 ${ms(p50Ms)}  p99 ${ms(p99Ms)}  generator late ${ms(run.latenessAt(at).p99Ms)}  wrong ${wrongIn(run.counts)}  cpu ${cpu(processes)}`;
}

function block({ title, at, seconds, headline, run, processes }: Progress, columns: number): string[] {
  const { count, p50Ms, p99Ms, maxMs } = run.seriesAt(headline, at);
  const width = Math.max(10, Math.min(40, columns - 30));
  const done = Math.round(((at + 1) / seconds) * width);
  const history = Array.from({ length: at + 1 }, (_, second) => run.seriesAt(headline, second).p99Ms).slice(-Math.min(MOST_SPARKS, columns - 20));
  const wrong = wrongIn(run.counts);
  return [
    `${BOLD}${title}${PLAIN}  ${'█'.repeat(done)}${DIM}${'░'.repeat(width - done)}${PLAIN} ${at + 1}/${seconds} s`,
    `  ${headline}: ${count}/s   p50 ${ms(p50Ms)}   ${BOLD}p99 ${ms(p99Ms)}${PLAIN}   worst ${ms(maxMs)}`,
    `  p99      ${sparks(history)} up to ${ms(Math.max(0, ...history))}`,
    `  cpu      ${cpu(processes)}`,
    `  generators late by ${ms(run.latenessAt(at).p99Ms)} (p99)   wrong ${wrong === 0 ? '0' : `${BOLD}${wrong}${PLAIN}`}`,
  ];
}

/** Values as a row of bars, the highest as high as can be. */
export function sparks(values: readonly number[]): string {
  const most = Math.max(...values, Number.MIN_VALUE);
  return values.map((value) => SPARKS[Math.min(SPARKS.length - 1, Math.floor((value / most) * SPARKS.length))] ?? '').join('');
}

function cpu(processes: readonly WatchedProcess[]): string {
  return processes.map(({ name, samples }) => `${name} ${Math.round(samples.at(-1)?.cpuPercent ?? 0)} %`).join('  ');
}

function ms(value: number): string {
  return value < 10 ? `${value.toFixed(2)} ms` : value < 1000 ? `${value.toFixed(1)} ms` : `${(value / 1000).toFixed(2)} s`;
}
