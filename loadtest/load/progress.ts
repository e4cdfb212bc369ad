import type { LatencySummary } from './latency-recorder.ts';
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

/** What a progress view is told of a window. */
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

  window(progress: Progress): void {
    if (this.#out.isTTY !== true) {
      if (Number.isInteger(elapsedS(progress))) this.say(line(progress));
      return;
    }
    const lines = block(progress, this.#out.columns ?? 80);
    const back = this.#drawnLines > 0 ? `${UP}${this.#drawnLines}A${CLEAR_BELOW}` : '';
    this.#out.write(`${back}${lines.join('\n')}\n`);
    this.#drawnLines = lines.length;
  }
}

/** One line for logs. */
function line({ title, at, seconds, headline, run, processes }: Progress): string {
  return `${String(elapsedS({ run, at })).padStart(4)}/${seconds} s  ${title}  ${latencyWords(run.seriesBy(headline, at))}  generator late ${ms(run.latenessBy(at).p99Ms)}  wrong ${wrongIn(run.counts)}  cpu ${cpu(processes)}`;
}

function block({ title, at, seconds, headline, run, processes }: Progress, columns: number): string[] {
  const nowS = elapsedS({ run, at });
  const width = Math.max(10, Math.min(40, columns - 30));
  const done = Math.round((nowS / seconds) * width);
  const shown = Math.min(at + 1, MOST_SPARKS, Math.max(1, columns - 20));
  const history = Array.from({ length: shown }, (_, back) => run.seriesAt(headline, at + 1 - shown + back).p99Ms);
  const wrong = wrongIn(run.counts);
  return [
    `${BOLD}${title}${PLAIN}  ${'█'.repeat(done)}${DIM}${'░'.repeat(width - done)}${PLAIN} ${nowS.toFixed(0)}/${seconds} s`,
    `  ${headline}: ${latencyWords(run.seriesBy(headline, at))}`,
    `  p99      ${sparks(history)} up to ${ms(Math.max(0, ...history))}`,
    `  cpu      ${cpu(processes)}`,
    `  generators late by ${ms(run.latenessBy(at).p99Ms)} (p99)   wrong ${wrong === 0 ? '0' : `${BOLD}${wrong}${PLAIN}`}`,
  ];
}

function elapsedS({ run, at }: Pick<Progress, 'run' | 'at'>): number {
  return run.secondsAfter(at);
}

/** Of nothing there are no percentiles: 0 ms would look as if it were fast. */
function latencyWords({ count, p50Ms, p99Ms, maxMs }: LatencySummary): string {
  return count === 0 ? 'nothing came' : `${count}/s  p50 ${ms(p50Ms)}  p99 ${ms(p99Ms)}  worst ${ms(maxMs)}`;
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
