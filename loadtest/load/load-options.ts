import { parseArgs } from 'node:util';
import { messageOf } from '../../shared/runtime/errors.ts';
import { isScenarioName, SCENARIO_NAMES, SCENARIOS, type ScenarioName } from './scenarios.ts';

const MOST_PER_GENERATOR = 400;
const MOST_GENERATORS = 8;

export const USAGE = `Load on a fleet, over the wire, and what became of it.

  npm run loadtest -- <scenario> [--callers N] [--seconds S] [--fleet gateways=1,workers=1 | --url http://host:port …]

${SCENARIO_NAMES.map((name) => `  ${name.padEnd(10)} ${SCENARIOS[name].words}`).join('\n')}

  --callers      how many at once
  --seconds      how long is measured, warming up included
  --warmup       seconds at the beginning that are not part of the result
  --rate         things a second, where a scenario has a rate (text: messages of all, churn: calls)
  --messages     text: messages a connection
  --in-flight    text: messages of a connection that wait for their answers at once, where there is no --rate
  --bound-ms     ramp: the most that p99 of the added latency may be; capacity: that p95 of mouth to ear may be
  --seed         the same seed speaks, pauses and interrupts alike
  --generators   processes that make the load (default: by callers)
  --late-ms      a generator whose p99 is later than this has failed the run
  --fleet        starts a fleet of its own: gateways=1,workers=1
  --url          a fleet that is there, one or more gateways; --api-key where it wants one
  --report       folder for result.json and report.html (default .voxfleet/loadtest)
  --compare      an older result.json or baseline, shown side by side
  --baseline     writes a small summary of the result to this file, to be compared with later`;

/** What cannot be done for a reason the user can mend; its message is all they need. */
export class UsageError extends Error {}

export interface LoadOptions {
  readonly scenario: ScenarioName;
  readonly callers: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly rate: number;
  readonly messages: number;
  readonly inFlight: number;
  readonly boundMs: number;
  readonly seed: number;
  readonly generators: number;
  readonly lateMs: number;
  readonly gateways: number;
  readonly workers: number;
  /** Of a fleet that is there; none where one is to be started. */
  readonly urls: readonly string[];
  readonly apiKey: string | undefined;
  readonly report: string;
  readonly compare: string | undefined;
  readonly baseline: string | undefined;
  /** As typed. */
  readonly command: string;
}

/** What was typed; undefined where help was asked for. Throws UsageError. */
export function readLoadOptions(args: readonly string[]): LoadOptions | undefined {
  const { values, positionals } = parsed(args);
  if (values.help === true) return undefined;
  const [name = ''] = positionals;
  if (!isScenarioName(name) || positionals.length > 1) throw new UsageError(`expected one scenario of ${SCENARIO_NAMES.join(', ')}, got "${positionals.join(' ')}"`);
  const { callers: usualCallers, seconds: usualSeconds, rate: usualRate, boundMs: usualBoundMs } = SCENARIOS[name].usual;
  const callers = whole('callers', values.callers ?? String(usualCallers), 1, 100_000);
  const seconds = whole('seconds', values.seconds ?? String(usualSeconds), 1, 86_400);
  const warmupSeconds = whole('warmup', values.warmup ?? String(seconds >= 8 ? 2 : 0), 0, seconds - 1);
  const { gateways, workers } = fleetOf(values.fleet);
  return {
    scenario: name, callers, seconds, warmupSeconds, gateways, workers,
    rate: amount('rate', values.rate ?? String(usualRate ?? 0)),
    messages: whole('messages', values.messages, 1, 1_000_000),
    inFlight: whole('in-flight', values['in-flight'], 1, 10_000),
    boundMs: amount('bound-ms', values['bound-ms'] ?? String(usualBoundMs ?? 20)),
    seed: whole('seed', values.seed, 0, 0xffff_ffff),
    generators: whole('generators', values.generators ?? String(generatorsFor(callers)), 1, 64),
    lateMs: amount('late-ms', values['late-ms']),
    urls: (values.url ?? []).flatMap((urls) => urls.split(',')),
    apiKey: values['api-key'], report: values.report, compare: values.compare, baseline: values.baseline,
    command: `npm run loadtest -- ${args.join(' ')}`,
  };
}

/** One process is never to be the bottleneck: it sends and receives some 40,000 frames a second on a core of its own. */
function generatorsFor(callers: number): number {
  return Math.min(MOST_GENERATORS, Math.max(1, Math.ceil(callers / MOST_PER_GENERATOR)));
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args], allowPositionals: true,
      options: {
        callers: text, seconds: text, warmup: text, rate: text, messages: { ...text, default: '100' }, 'in-flight': { ...text, default: '10' },
        'bound-ms': text, seed: { ...text, default: '1' }, generators: text, 'late-ms': { ...text, default: '10' }, fleet: { ...text, default: '' },
        url: { ...text, multiple: true }, 'api-key': text, report: { ...text, default: '.voxfleet/loadtest' }, compare: text, baseline: text, help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function fleetOf(text: string): { readonly gateways: number; readonly workers: number } {
  const sizes = new Map([['gateways', 1], ['workers', 1]]);
  for (const part of text === '' ? [] : text.split(',')) {
    const [tier = '', size = ''] = part.split('=');
    if (!sizes.has(tier)) throw new UsageError(`--fleet: expected gateways=N,workers=N, got "${text}"`);
    sizes.set(tier, whole('fleet', size, 1, 64));
  }
  return { gateways: sizes.get('gateways') ?? 1, workers: sizes.get('workers') ?? 1 };
}

function whole(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) throw new UsageError(`--${option}: expected a whole number from ${least} to ${most}, got "${text}"`);
  return value;
}

function amount(option: string, text: string): number {
  const value = Number(text);
  if (text === '' || !Number.isFinite(value) || value < 0) throw new UsageError(`--${option}: expected a number from 0 on, got "${text}"`);
  return value;
}
