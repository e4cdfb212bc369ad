import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { chartSvg } from './chart.ts';
import { readPolicies } from './policy-files.ts';
import { markdownTable, reportPage, type NamedResult } from './report.ts';
import { simulate, type Scaling } from './simulation.ts';
import { readFleetSettings } from './settings-files.ts';
import { parseTrace } from './trace.ts';
import { messageOf } from '../../shared/runtime/errors.ts';

const USAGE = `Plays arriving calls against the numbers of the manifests: callers, pods, refusals and waits, second by second.

  npm run simulate:scaling -- --trace day.csv [--policy folder …] [--replicas gateways,workers …] [--report dir]

  --trace      CSV with the columns minute,calls,mean_call_s,load; or one of those in deploy/scaling/traces, by name
  --policy     folder with HorizontalPodAutoscalers or ScaledObjects (default k8s/components/autoscaling); several are compared
  --replicas   a fixed size instead, such as 2,10; several are compared
  --start-up   seconds from a new pod to one that takes calls (default 30)
  --seed       the same seed plays the same calls (default 1)
  --report     folder for report.html and chart.svg (default .voxfleet/scaling)`;

/** What cannot be done for a reason the user can mend; its message is all they need. */
class UsageError extends Error {}

interface NamedScaling {
  readonly name: string;
  readonly gateways: Scaling;
  readonly workers: Scaling;
}

function readOptions(args: readonly string[]): { readonly trace: string; readonly runs: readonly NamedScaling[]; readonly startUpS: number; readonly seed: number; readonly report: string } | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      trace: { type: 'string' }, policy: { type: 'string', multiple: true, default: [] }, replicas: { type: 'string', multiple: true, default: [] },
      'start-up': { type: 'string', default: '30' }, seed: { type: 'string', default: '1' }, report: { type: 'string', default: '.voxfleet/scaling' }, help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  if (values.trace === undefined) throw new UsageError('--trace: expected a CSV file');
  const folders = values.policy.length + values.replicas.length === 0 ? [join(packageRoot(), 'k8s', 'components', 'autoscaling')] : values.policy;
  const runs = [...values.replicas.map(fixed), ...folders.map(byPolicy)];
  return { trace: values.trace, runs, startUpS: whole('start-up', values['start-up']), seed: whole('seed', values.seed), report: values.report };
}

function fixed(text: string): NamedScaling {
  const [gateways = Number.NaN, workers = Number.NaN, ...more] = text.split(',').map(Number);
  if (![gateways, workers].every((count) => Number.isInteger(count) && count > 0) || more.length > 0) throw new UsageError(`--replicas: expected gateways,workers such as 2,10, got "${text}"`);
  return { name: `fixed: ${gateways} and ${workers}`, gateways, workers };
}

function byPolicy(folder: string): NamedScaling {
  const { gateway, worker } = attempt(() => readPolicies(folder));
  return { name: basename(folder), gateways: gateway, workers: worker };
}

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new UsageError(`--${name}: expected a whole number from 0, got "${text}"`);
  return value;
}

/** Whatever a file holds that cannot be read is the user's to mend. */
function attempt<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function readTrace(name: string): string {
  try {
    return readFileSync(name, 'utf8');
  } catch (error) {
    if (name.includes('/')) throw error;
    return readFileSync(join(packageRoot(), 'deploy', 'scaling', 'traces', name), 'utf8');
  }
}

/** Runs what the arguments ask for and answers the exit code. */
function main(args: readonly string[]): number {
  try {
    const options = readOptions(args);
    if (options === undefined) {
      console.log(USAGE);
      return 0;
    }
    const { runs, startUpS, seed, report } = options;
    const trace = attempt(() => parseTrace(readTrace(options.trace)));
    const { settings, cpu } = attempt(() => readFleetSettings(startUpS));
    const results = runs.map(({ name, gateways, workers }): NamedResult => ({ name, result: simulate({ trace, gateways, workers, settings, cpu, seed }) }));
    mkdirSync(report, { recursive: true });
    writeFileSync(join(report, 'report.html'), reportPage(basename(options.trace), `npm run simulate:scaling -- ${args.join(' ')}`, results));
    writeFileSync(join(report, 'chart.svg'), chartSvg(basename(options.trace), results.map(({ name, result: { samples } }) => ({ name, samples }))));
    console.log(`${markdownTable(results)}\n\n${join(report, 'report.html')}`);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof TypeError && 'code' in error)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

process.exitCode = main(process.argv.slice(2));
