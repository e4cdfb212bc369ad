import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../shared/runtime/package-root.ts';
import type { Judgement } from './chaos/judgement.ts';
import { verdictsOf } from './chaos/promises.ts';
import { reportPage } from './chaos/report-page.ts';
import { markdownTable, summaryLine, summaryTable } from './chaos/summary.ts';
import { ManifestError, readDeployment, type DeploymentPlan } from './rehearsal/deployment.ts';
import { buildCommit, hasCommit } from './rehearsal/older-build.ts';
import type { Version } from './rehearsal/pod.ts';
import { rehearse } from './rehearsal/rehearsal.ts';
import { SCENARIO_NAMES, SCENARIOS, type ScenarioName } from './rehearsal/scenarios.ts';
import { RehearsalStage, type StageOptions } from './rehearsal/stage.ts';

const USAGE = `A rollout rehearsed: the Deployments' own numbers applied to real processes behind a real HAProxy, while callers talk.

  npm run rehearse -- [--callers N] [--seconds S] [--scenario all|${SCENARIO_NAMES.join('|')}] [--seed N] [--report dir]

  --callers    calls at once (default 20); of a canary, half of them come while it is there
  --seconds    calls are held at least so long in each scenario (default 30)
  --scenario   default all, one after the other
  --recorded   of the callers, so many speak human recordings to the embedded engines (default 0)
  --manifests  rendered manifests with the Deployments (default k8s/rendered/production.yaml)
  --from       a commit: what runs at first is that version, built from the repository's history; its workers are replaced first
  --seed       the same seed makes callers say the same (default: a new one, printed)
  --report     folder for report.html, .json and .md (default .voxfleet/rehearsal)`;

/** What cannot be done for a reason the user can mend; its message is all they need. */
class UsageError extends Error {}

interface Options {
  readonly scenarios: readonly ScenarioName[];
  readonly callers: number;
  readonly seconds: number;
  readonly recorded: number;
  readonly seed: number;
  readonly manifests: string;
  readonly from: string | undefined;
  readonly report: string;
}

function readOptions(args: readonly string[]): Options | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      callers: { ...text, default: '20' }, seconds: { ...text, default: '30' }, scenario: { ...text, default: 'all' }, recorded: { ...text, default: '0' }, seed: text, from: text,
      manifests: { ...text, default: join(packageRoot(), 'k8s/rendered/production.yaml') }, report: { ...text, default: '.voxfleet/rehearsal' }, help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  if (values.from !== undefined && !hasCommit(values.from)) throw new UsageError(`--from: this checkout has no commit ${values.from}`);
  const callers = whole('callers', values.callers, 1, 1000);
  return {
    scenarios: scenariosNamed(values.scenario), callers, manifests: values.manifests, from: values.from, report: values.report,
    seconds: whole('seconds', values.seconds, 1, 86_400),
    recorded: whole('recorded', values.recorded, 0, callers),
    seed: whole('seed', values.seed ?? String(Math.floor(Math.random() * 1e9)), 0, 0xffff_ffff),
  };
}

function scenariosNamed(name: string): readonly ScenarioName[] {
  if (name === 'all') return SCENARIO_NAMES;
  const scenarios = SCENARIO_NAMES.filter((known) => name.split(',').includes(known));
  if (scenarios.length === 0) throw new UsageError(`--scenario: expected all or one of ${SCENARIO_NAMES.join(', ')}, got "${name}"`);
  return scenarios;
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) throw new UsageError(`--${name}: expected a whole number from ${least} to ${most}, got "${text}"`);
  return value;
}

async function main(options: Options): Promise<boolean> {
  const plans = { gateway: readDeployment(options.manifests, 'gateway'), worker: readDeployment(options.manifests, 'worker') };
  console.log(`${options.callers} callers, --seed ${options.seed}\n${[plans.gateway, plans.worker].map(planLine).join('\n')}`);
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-rehearsal-'));
  try {
    const now: Version = options.from === undefined ? { name: 'v1' } : { name: options.from, build: buildCommit(options.from, folder) };
    const judgements: Judgement[] = [];
    for (const name of options.scenarios) judgements.push(...(await play(options, plans, name, now)));
    writeReport(options, judgements);
    return judgements.length === options.scenarios.length && judgements.every((judgement) => verdictsOf(judgement).every(({ isKept }) => isKept));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function planLine({ tier, replicas, maxSurge, maxUnavailable, graceMs, preStopMs, readiness, minReadyMs, env }: DeploymentPlan): string {
  const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`).join(' ');
  return `  ${tier}: ${replicas} replicas, maxSurge ${maxSurge}, maxUnavailable ${maxUnavailable}, grace ${graceMs / 1000} s, preStop ${preStopMs / 1000} s, readiness every ${readiness.periodMs / 1000} s, ready for ${minReadyMs / 1000} s; ${settings}`;
}

/** A scenario on a fleet of its own. One that could not be played says why; the others are played all the same. */
async function play(options: Options, plans: StageOptions['plans'], name: ScenarioName, now: Version): Promise<Judgement[]> {
  const scenario = SCENARIOS[name];
  console.log(`\n${name}: ${scenario.words}`);
  try {
    const stage = await RehearsalStage.open({ plans, version: now, recorded: options.recorded, isWatched: scenario.isWatched });
    try {
      const judgement = await rehearse(stage, scenario, { ...options, versions: { now, next: { name: 'v2' } }, rollout: { isThereAndBack: true, tiers: options.from === undefined ? 'together' : 'workers first' }, onProgress: (words) => console.log(`  ${words}`) });
      console.log(summaryLine(judgement));
      return [judgement];
    } finally {
      await stage.close();
    }
  } catch (error) {
    console.error('  COULD NOT BE PLAYED', error);
    return [];
  }
}

function writeReport(options: Options, judgements: readonly Judgement[]): void {
  const { callers, seconds, seed, recorded, from, report } = options;
  const name = options.scenarios.length === SCENARIO_NAMES.length ? 'all' : options.scenarios.join(',');
  const command = `npm run rehearse -- --callers ${callers} --seconds ${seconds} --scenario ${name} --recorded ${recorded}${from === undefined ? '' : ` --from ${from}`} --seed ${seed}`;
  const at = new Date().toISOString();
  mkdirSync(report, { recursive: true });
  writeFileSync(join(report, 'report.json'), JSON.stringify({ command, at, judgements }, undefined, 1));
  writeFileSync(join(report, 'report.md'), `${markdownTable(judgements)}\n\n\`${command}\`\n`);
  writeFileSync(join(report, 'report.html'), reportPage(judgements, { title: 'Rollouts rehearsed', command, at }));
  console.log(`\n${summaryTable(judgements)}\n\nReport: ${join(report, 'report.html')}, seed ${seed}`);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(USAGE);
  else process.exitCode = (await main(options)) ? 0 : 1;
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof UsageError || error instanceof ManifestError || isUsage)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
