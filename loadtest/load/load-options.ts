import { parseArgs } from 'node:util';
import { messageOf } from '../../shared/runtime/errors.ts';
import { isScenarioName, SCENARIO_NAMES, SCENARIOS, type ScenarioName } from './scenarios.ts';

const MOST_PER_GENERATOR = 400;
const MOST_GENERATORS = 8;

export const USAGE = `Load on a fleet, over the wire, and what became of it.

  npm run loadtest -- <scenario> [--callers N] [--seconds S] [--fleet gateways=1,workers=1 | --url http://host:port …]

${SCENARIO_NAMES.map((name) => `  ${name.padEnd(10)} ${SCENARIOS[name].words} (${usualWords(name)})`).join('\n')}

  --callers      how many at once (not churn: calls come at its --rate)
  --seconds      how long is measured, warming up included; text: the most it may take; ramp, capacity: each step
  --warmup       seconds at the beginning that are in no latency: 2 from 8 seconds on, none for text and idle
  --rate         things a second, where a scenario has a rate (text: messages of all, churn: calls)
  --messages     text: messages a connection (100)
  --in-flight    text: messages of a connection that wait for their answers at once, where there is no --rate (10)
  --bound-ms     ramp: the most that p99 of the added latency may be; capacity: that p95 of mouth to ear may be
  --seed         the same seed speaks, pauses and interrupts alike
  --generators   processes that make the load (default: by callers)
  --late-ms      a generator whose p99 is later than this has failed the run (10; text without --rate: or a fifth of the answers' p99)
  --fleet        starts a fleet of its own: gateways=1,workers=1
  --url          a fleet that is there, one or more gateways; --api-key where it wants one
  --report       folder for result.json and report.html (default .voxfleet/loadtest)
  --compare      an older result.json or baseline, shown side by side
  --baseline     writes a small summary of the result to this file, to be compared with later`;

/** Options that are not for every scenario, and for which they are. */
const ONLY_FOR: Readonly<Partial<Record<string, readonly ScenarioName[]>>> = {
  callers: SCENARIO_NAMES.filter((name) => name !== 'churn'), warmup: SCENARIO_NAMES.filter((name) => name !== 'idle'), rate: ['text', 'churn'],
  messages: ['text'], 'in-flight': ['text'], 'bound-ms': ['ramp', 'capacity'],
};
/** Shorter runs have no warming up unless they are told to. */
const WARMUP_FROM_SECONDS = 8;

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
  for (const option of Object.keys(values)) {
    const takers = ONLY_FOR[option];
    if (takers?.includes(name) === false) throw new UsageError(`--${option} is not for ${name}, only for ${takers.join(', ')}`);
  }
  const { usual: { callers: usualCallers, seconds: usualSeconds, rate: usualRate, boundMs: usualBoundMs }, plan } = SCENARIOS[name];
  const callers = whole('callers', values.callers ?? String(usualCallers), 1, 100_000);
  const seconds = whole('seconds', values.seconds ?? String(usualSeconds), 1, 86_400);
  const warmupSeconds = whole('warmup', values.warmup ?? String(seconds >= WARMUP_FROM_SECONDS && (plan === 'steady' || plan === 'ramp') ? 2 : 0), 0, seconds - 1);
  if (values.url !== undefined && values.fleet !== undefined) throw new UsageError('--url is a fleet that is there, --fleet one to be started: expected one of them');
  const { gateways, workers } = fleetOf(values.fleet ?? '');
  return {
    scenario: name, callers, seconds, warmupSeconds, gateways, workers,
    rate: rateOf(name, values.rate ?? String(usualRate ?? 0)),
    messages: whole('messages', values.messages ?? '100', 1, 1_000_000),
    inFlight: whole('in-flight', values['in-flight'] ?? '10', 1, 10_000),
    boundMs: amount('bound-ms', values['bound-ms'] ?? String(usualBoundMs ?? 20)),
    seed: whole('seed', values.seed, 0, 0xffff_ffff),
    generators: whole('generators', values.generators ?? String(generatorsFor(callers)), 1, 64),
    lateMs: amount('late-ms', values['late-ms']),
    urls: (values.url ?? []).flatMap((urls) => urls.split(',')).map(urlOf),
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
        callers: text, seconds: text, warmup: text, rate: text, messages: text, 'in-flight': text,
        'bound-ms': text, seed: { ...text, default: '1' }, generators: text, 'late-ms': { ...text, default: '10' }, fleet: text,
        url: { ...text, multiple: true }, 'api-key': text, report: { ...text, default: '.voxfleet/loadtest' }, compare: text, baseline: text, help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

/** What `--help` says a scenario does when it is told nothing. */
function usualWords(name: ScenarioName): string {
  const { plan, usual: { callers, seconds, rate, boundMs } } = SCENARIOS[name];
  if (plan === 'ramp') return `from ${callers}, ${seconds} s a step, ${boundMs ?? 0} ms`;
  return `${rate === undefined ? callers : `${rate} a second`}, ${plan === 'finite' ? 'at most ' : ''}${seconds} s`;
}

function rateOf(name: ScenarioName, text: string): number {
  const rate = amount('rate', text);
  // Text without a rate asks when it was answered; calls that come at no rate never come.
  if (rate === 0 && name === 'churn') throw new UsageError('--rate: expected calls a second, got 0');
  return rate;
}

/** A base URL, without the slash at its end. */
function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new UsageError(`--url: expected http://host:port or https://host:port, got "${text}"`);
  return url.href.replace(/\/+$/, '');
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
  if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most) throw new UsageError(`--${option}: expected a whole number from ${least} to ${most}, got "${text}"`);
  return value;
}

function amount(option: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0) throw new UsageError(`--${option}: expected a number from 0 on, got "${text}"`);
  return value;
}
