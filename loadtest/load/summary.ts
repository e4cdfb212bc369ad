import type { Comparison } from './comparison.ts';
import type { LatencySummary } from './latency-recorder.ts';
import type { LoadResult } from './load-result.ts';
import { errorRateOf } from './verdicts.ts';

/** A result for a terminal: what was measured, what was counted, what was expected. */
export function resultLines(result: LoadResult): string[] {
  const { series, seriesWords, counts, figures, verdicts, lateness, faults } = result;
  const latencies = Object.entries(series).map(([name, { summary }]) => `  ${name.padEnd(20)} ${latencyWords(summary)}   ${seriesWords[name] ?? ''}`);
  return [
    '', ...(result.scenario === 'text' ? [textSentence(result), ''] : []),
    ...latencies, `  ${'(generators late by)'.padEnd(20)} ${latencyWords(lateness)}`,
    '', `  ${Object.entries(counts).map(([name, count]) => `${name} ${Math.round(count)}`).join(' · ')}`,
    '', ...figures.map(({ name, value }) => `  ${name}: ${value}`),
    '', ...verdicts.map(({ expected, measured, isGood }) => `  ${isGood ? '✔' : '✘'} ${expected} (${measured})`),
    ...faults.slice(0, 10).map((words) => `    ${words}`),
  ];
}

/** The classic check in one sentence. */
export function textSentence({ series, counts, callers }: LoadResult): string {
  const asked = counts['messages asked'] ?? 0;
  const right = counts['answers right'] ?? 0;
  const { averageMs = 0, minMs = 0, maxMs = 0, p50Ms = 0, p95Ms = 0, p99Ms = 0, p999Ms = 0 } = series['answer']?.summary ?? {};
  const errorRate = errorRateOf(counts, ['messages asked']) * 100;
  return (
    `${right} of ${asked} answers right and in order over ${callers} connections: average duration ${averageMs.toFixed(1)} ms, ` +
    `max duration ${maxMs.toFixed(1)} ms, min duration ${minMs.toFixed(1)} ms; p50 ${p50Ms.toFixed(1)} ms, p95 ${p95Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms, ` +
    `p99.9 ${p999Ms.toFixed(1)} ms, error rate ${Number(errorRate.toFixed(3))} %.`
  );
}

/** Two runs side by side, for a terminal. */
export function comparisonLines({ differences, figures, doubts }: Comparison): string[] {
  return [
    '', 'Compared with the older run:', ...doubts.map((words) => `  in doubt: ${words}`),
    ...differences.map(({ name, oldMs, newMs, ratio, noiseMs, verdict }) => `  ${name.padEnd(24)} ${oldMs.toFixed(2)} → ${newMs.toFixed(2)} ms  × ${ratio.toFixed(2)}  ${verdict} (noise ± ${noiseMs.toFixed(2)} ms)`),
    ...figures.map(({ name, old, now }) => `  ${name}: ${old} → ${now}`),
  ];
}

function latencyWords({ count, p50Ms, p90Ms, p99Ms, p999Ms, maxMs }: LatencySummary): string {
  const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 1).padStart(7);
  return `p50 ${ms(p50Ms)}  p90 ${ms(p90Ms)}  p99 ${ms(p99Ms)}  p99.9 ${ms(p999Ms)}  worst ${ms(maxMs)} ms  of ${count}`;
}
