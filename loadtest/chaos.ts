import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { CallsRunRecord } from './chaos/calls-run.ts';
import { runFault, type FaultRunOptions } from './chaos/fault-run.ts';
import { FAULT_NAMES, FAULTS, type FaultName } from './chaos/faults.ts';
import { judge, type Judgement } from './chaos/judgement.ts';
import { verdictsOf } from './chaos/promises.ts';
import { reportPage } from './chaos/report-page.ts';
import type { StageOptions } from './chaos/stage.ts';
import { markdownTable, summaryLine, summaryTable } from './chaos/summary.ts';

const USAGE = `Calls under fault: real processes are killed, frozen and cut off while callers talk, and every sample is accounted for.

  npm run chaos -- --fault <name|all> --callers N --seconds S [--seed N] [--report dir]

  --fault      ${FAULT_NAMES.join(', ')}; all: one after the other
  --callers    calls at once (default 50)
  --seconds    length of each fault's run (default 60)
  --recorded   of the callers, so many speak human recordings to the embedded engines (default 2)
  --seed       the same seed does the same to the same (default: a new one, printed)
  --outage     seconds that NATS and Redis stay away, instead of 1 to 4
  --gateways, --workers   processes of each kind (default 2 and 3)
  --report     folder for report.html, .json and .md (default .voxfleet/chaos)`;

/** What cannot be done for a reason the user can mend; its message is all they need. */
class UsageError extends Error {}

interface ChaosOptions {
  readonly faults: readonly FaultName[];
  readonly report: string;
  readonly run: Omit<FaultRunOptions, 'fault'> & StageOptions;
}

function readOptions(args: readonly string[]): ChaosOptions | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      fault: { ...text, default: 'all' }, callers: { ...text, default: '50' }, seconds: { ...text, default: '60' }, seed: text, recorded: text,
      outage: text, gateways: { ...text, default: '2' }, workers: { ...text, default: '3' }, report: { ...text, default: '.voxfleet/chaos' }, help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const callers = whole('callers', values.callers, 1, 1000);
  const run = {
    callers,
    recorded: whole('recorded', values.recorded ?? String(Math.min(2, callers - 1)), 0, callers),
    seconds: whole('seconds', values.seconds, 5, 86_400),
    seed: whole('seed', values.seed ?? String(Math.floor(Math.random() * 1e9)), 0, 0xffff_ffff),
    gateways: whole('gateways', values.gateways, 1, 20),
    workers: whole('workers', values.workers, 1, 20),
    ...(values.outage === undefined ? {} : { outageMs: whole('outage', values.outage, 1, 600) * 1000 }),
  };
  return { faults: faultsNamed(values.fault), report: values.report, run };
}

function faultsNamed(name: string): readonly FaultName[] {
  if (name === 'all') return FAULT_NAMES;
  const faults = FAULT_NAMES.filter((known) => name.split(',').includes(known));
  if (faults.length === 0) throw new UsageError(`--fault: expected all or one of ${FAULT_NAMES.join(', ')}, got "${name}"`);
  return faults;
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) throw new UsageError(`--${name}: expected a whole number from ${least} to ${most}, got "${text}"`);
  return value;
}

async function chaos({ faults, report, run }: ChaosOptions): Promise<boolean> {
  console.log(`${run.callers} callers, ${run.gateways} gateways, ${run.workers} workers, ${run.seconds} s a fault, --seed ${run.seed}`);
  const judgements: Judgement[] = [];
  for (const fault of faults) {
    console.log(`\n${fault}: ${FAULTS[fault].words}`);
    const record = await attempt(() => runFault({ ...run, fault, onProgress: (words) => console.log(`  ${words}`) }));
    if (record === undefined) continue;
    const judgement = judge(FAULTS[fault], record);
    judgements.push(judgement);
    console.log(summaryLine(judgement));
  }
  writeReport(report, run, faults, judgements);
  console.log(`\n${summaryTable(judgements)}\n\nReport: ${join(report, 'report.html')}, seed ${run.seed}`);
  return judgements.length === faults.length && judgements.every((judgement) => verdictsOf(judgement).every(({ isKept }) => isKept));
}

/** A run that could not be held says why; the others are held all the same. */
async function attempt(hold: () => Promise<CallsRunRecord>): Promise<CallsRunRecord | undefined> {
  try {
    return await hold();
  } catch (error) {
    console.error('  COULD NOT BE RUN', error);
    return undefined;
  }
}

function writeReport(folder: string, run: ChaosOptions['run'], faults: readonly FaultName[], judgements: readonly Judgement[]): void {
  const { callers, seconds, seed, recorded, gateways, workers, outageMs } = run;
  const name = faults.length === FAULT_NAMES.length ? 'all' : faults.join(',');
  const outage = outageMs === undefined ? '' : ` --outage ${outageMs / 1000}`;
  const command = `npm run chaos -- --fault ${name} --callers ${callers} --seconds ${seconds} --recorded ${recorded} --gateways ${gateways} --workers ${workers}${outage} --seed ${seed}`;
  const at = new Date().toISOString();
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'report.json'), JSON.stringify({ command, at, judgements }, undefined, 1));
  writeFileSync(join(folder, 'report.md'), `${markdownTable(judgements)}\n\n\`${command}\`\n`);
  writeFileSync(join(folder, 'report.html'), reportPage(judgements, { title: 'Calls under fault', command, at }));
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(USAGE);
  else process.exitCode = (await chaos(options)) ? 0 : 1;
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof UsageError || isUsage)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
