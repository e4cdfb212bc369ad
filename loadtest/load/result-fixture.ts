import type { LoadResult } from './load-result.ts';
import type { SeriesWindow } from './measured-run.ts';

/** A result that nobody measured, for tests of what is made of results. */
export function resultFixture({ windows, faults = [] }: { readonly windows: readonly SeriesWindow[]; readonly faults?: readonly string[] }): LoadResult {
  const summary = { count: 2000, averageMs: 2, minMs: 0.5, p50Ms: 1, p90Ms: 3, p95Ms: 4, p99Ms: 10, p999Ms: 15, maxMs: 20 };
  const samples = windows.map(({ atS }) => ({ atS, cpuPercent: 50, rssBytes: 1e8 }));
  return {
    version: 1, scenario: 'relay', words: 'frames are echoed', command: 'npm run loadtest -- relay', startedAt: '2026-01-01T00:00:00.000Z',
    machine: { cpu: 'a processor', cores: 2, memoryGB: 24, system: 'Debian', node: 'v20', loadBefore: 0.1 },
    callers: 10, seconds: windows.length, warmupSeconds: 2, seed: 1, generators: 1, fleet: ['of its own'], headline: 'added', seriesWords: { added: 'frame in → echo out' },
    series: { added: { summary, bars: [{ fromMs: 0.5, toMs: 1, count: 1000 }, { fromMs: 1, toMs: 20, count: 1000 }], windows } },
    counts: { 'frames sent': 2000 }, countWindows: windows.map(({ atS }) => ({ atS, counts: { 'frames sent': 100 } })), lateness: summary,
    processes: [{ name: 'gateway-1', samples }], steps: [], memory: [], figures: [{ name: 'p99', value: '10 ms' }],
    verdicts: [{ expected: 'no frame lost', measured: '2000 of 2000', isGood: true }], faults,
  };
}
