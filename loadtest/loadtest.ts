import { accessSync, constants, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../shared/runtime/errors.ts';
import { StartError } from '../deploy/local/processes.ts';
import { SessionRequestError } from '../shared/client/session-request.ts';
import { compareResults } from './load/comparison.ts';
import { FleetUnderLoad } from './load/fleet-under-load.ts';
import { GeneratorError } from './load/generators.ts';
import { readLoadOptions, USAGE, UsageError, type LoadOptions } from './load/load-options.ts';
import { baselineOf, RESULT_VERSION, type LoadResult } from './load/load-result.ts';
import { describeMachine } from './load/machine.ts';
import { runBatches, runSteady, type PlanResult } from './load/plans.ts';
import { ProgressView } from './load/progress.ts';
import { runRamp } from './load/ramp.ts';
import { reportPage } from './load/report-page.ts';
import { SCENARIOS } from './load/scenarios.ts';
import { resultLines, comparisonLines } from './load/summary.ts';

/** A ramp on a fleet of its own has slots for so many times what it begins with. */
const RAMP_ROOM = 40;

/** Puts load on a fleet, and says what became of it; whether all that is expected of it was so. */
async function loadtest(options: LoadOptions): Promise<boolean> {
  const old = options.compare === undefined ? undefined : readResult(options.compare, options.scenario);
  makeRoom(options);
  const view = new ProgressView();
  const machine = describeMachine();
  const startedAt = new Date().toISOString();
  const scenario = SCENARIOS[options.scenario];
  view.say(`${options.scenario}: ${scenario.words}`);
  const most = scenario.plan === 'ramp' ? options.callers * RAMP_ROOM : options.callers;
  const { gateways, workers, urls } = options;
  const fleet = await FleetUnderLoad.open({ scenario, callers: most, gateways, workers, urls });
  let plan: PlanResult;
  try {
    for (const words of fleet.says) view.say(words);
    plan = await planned(options, fleet, view, most);
  } finally {
    await fleet.stop();
  }
  const { callers, seconds, warmupSeconds, seed, generators, command } = options;
  const result: LoadResult = {
    version: RESULT_VERSION, scenario: options.scenario, words: scenario.words, command, startedAt, machine, callers, seconds, warmupSeconds, seed, generators,
    fleet: fleet.says, headline: scenario.headline, seriesWords: scenario.series, ...plan,
  };
  report(options, result, old);
  return result.verdicts.every(({ isGood }) => isGood);
}

function planned(options: LoadOptions, fleet: FleetUnderLoad, view: ProgressView, most: number): Promise<PlanResult> {
  switch (SCENARIOS[options.scenario].plan) {
    case 'steady':
    case 'finite':
      return runSteady(options, fleet, view);
    case 'ramp':
      return runRamp(options, fleet, view, most);
    case 'batches':
      return runBatches(options, fleet, view);
  }
}

function report({ report: folder, baseline }: LoadOptions, result: LoadResult, old: LoadResult | undefined): void {
  const comparison = old === undefined ? undefined : compareResults(old, result);
  const [json, html] = ['result.json', 'report.html'].map((name) => join(folder, name));
  writeFileSync(json ?? '', JSON.stringify(result, undefined, 1));
  writeFileSync(html ?? '', reportPage(result, old, comparison));
  if (baseline !== undefined) writeFileSync(baseline, `${JSON.stringify(baselineOf(result))}\n`);
  for (const line of resultLines(result)) console.log(line);
  if (comparison !== undefined) for (const line of comparisonLines(comparison)) console.log(line);
  console.log(`\n${html ?? ''}, ${json ?? ''}`);
}

/** What cannot be written is to be known before the run, not after it. Throws UsageError. */
function makeRoom({ report: folder, baseline }: LoadOptions): void {
  let option = '--report';
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    option = '--baseline';
    if (baseline !== undefined) accessSync(dirname(baseline), constants.W_OK);
  } catch (error) {
    throw new UsageError(`${option}: ${messageOf(error)}`);
  }
}

/** Throws UsageError where the file is no result of this tool, or one of another scenario. */
function readResult(file: string, scenario: string): LoadResult {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`--compare: ${file} cannot be read: ${messageOf(error)}`);
  }
  if (!isResult(value)) throw new UsageError(`--compare: ${file} is no result.json of version ${RESULT_VERSION}`);
  if (value.scenario !== scenario) throw new UsageError(`--compare: ${file} is of ${value.scenario}, not of ${scenario}`);
  return value;
}

/** What a comparison reads of it is there. */
function isResult(value: unknown): value is LoadResult {
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== RESULT_VERSION) return false;
  return ['scenario', 'machine', 'fleet', 'series', 'figures', 'verdicts', 'command', 'startedAt'].every((name) => name in value);
}

try {
  const options = readLoadOptions(process.argv.slice(2));
  if (options === undefined) console.log(USAGE);
  else process.exitCode = (await loadtest(options)) ? 0 : 1;
} catch (error) {
  const isPlain = error instanceof UsageError || error instanceof GeneratorError || error instanceof StartError || error instanceof SessionRequestError;
  if (!isPlain) throw error;
  console.error(error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
