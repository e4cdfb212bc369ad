import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { barMarkdown, barTable } from './bench/bar.ts';
import { reportPage } from './bench/report-page.ts';
import { holdSuites, SUITES } from './bench/stage.ts';
import { sizeNamed } from './bench/sizes.ts';
import type { Size } from './bench/suite.ts';

const NAMES = Object.keys(SUITES);
/** Held unless others are asked for: a profile is long to read. */
const USUAL = NAMES.filter((name) => name !== 'profile');
const USAGE = `How fast the fleet is, beside what it is made of: bare references are started and measured in the same minutes.

  npm run bench -- [--quick] [--only suite,…] [--rounds N] [--seconds S] [--callers N] [--steps N,…] [--soak-seconds S] [--report dir]

  --quick        few short rounds
  --only         of ${NAMES.join(', ')} (default: all but profile)
  --rounds       of each comparison (default 5)
  --seconds      measured in each (default 5)
  --callers      who relay beside the bare chain and the peers (default 400)
  --bulk         bulk callers beside whom urgent ones are measured (default 200)
  --steps        numbers of speaking callers to try, rising
  --soak-seconds length of the soak (default 60)
  --report       folder for bench.html, .json and .md (default .voxfleet/bench)`;

/** What the user can mend; the message is all they need. */
class UsageError extends Error {}

interface BenchOptions {
  readonly suites: readonly string[];
  readonly size: Size;
  readonly report: string;
}

function readOptions(args: readonly string[]): BenchOptions | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean' }, help: { type: 'boolean' }, only: text, rounds: text, seconds: text, callers: text, steps: text, bulk: text,
      'soak-seconds': text, report: { ...text, default: '.voxfleet/bench' },
    },
  });
  if (values.help === true) return undefined;
  const size = sizeNamed(values.quick === true ? 'quick' : 'whole');
  const whole = (name: keyof typeof values, otherwise: number, most: number): number => {
    const given = values[name];
    return given === undefined ? otherwise : wholeNumber(name, String(given), most);
  };
  const suites = values.only?.split(',') ?? USUAL;
  const unknown = suites.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new UsageError(`--only: expected some of ${NAMES.join(', ')}, got "${unknown}"`);
  return {
    suites, report: values.report,
    size: {
      ...size,
      rounds: whole('rounds', size.rounds, 100),
      measureMs: whole('seconds', size.measureMs / 1000, 600) * 1000,
      callers: whole('callers', size.callers, 5000),
      bulkCallers: whole('bulk', size.bulkCallers, 5000),
      soakSeconds: whole('soak-seconds', size.soakSeconds, 86_400),
      talkSteps: values.steps?.split(',').map((step) => wholeNumber('steps', step, 5000)) ?? size.talkSteps,
    },
  };
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most) throw new UsageError(`--${name}: expected a whole number from 1 to ${most}, got "${text}"`);
  return value;
}

function machine(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}, Node ${process.version}`;
}

async function bench({ suites, size, report }: BenchOptions): Promise<void> {
  const at = new Date().toISOString();
  console.log(`${machine()}, ${at}`);
  const results = await holdSuites(suites, size, (words) => console.log(words));
  const bars = results.flatMap((result) => result.bars);
  const facts = results.flatMap((result) => result.facts);
  mkdirSync(report, { recursive: true });
  writeFileSync(join(report, 'bench.json'), JSON.stringify({ at, machine: machine(), size, results }, undefined, 1));
  writeFileSync(join(report, 'bench.md'), `${barMarkdown(bars)}\n\n${facts.map((fact) => `- ${fact}`).join('\n')}\n`);
  writeFileSync(join(report, 'bench.html'), reportPage(results, { at, machine: machine() }));
  console.log(`\n${facts.join('\n')}\n\n${barTable(bars)}\n\nReport: ${join(report, 'bench.html')}`);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(USAGE);
  else await bench(options);
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof UsageError || isUsage)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
