import { parseArgs } from 'node:util';
import type { Decision } from './decision.ts';
import { judgeCanary } from './judgement.ts';
import type { Sides } from './measurement.ts';
import { prometheusAt, PrometheusError } from './prometheus.ts';

const USAGE = `Whether a canary may go on: its service levels beside those of the stable version, from Prometheus.

  npm run rollout:verdict -- --prometheus URL --canary VERSION --stable VERSION [--window 10m]

  --prometheus  such as http://127.0.0.1:9090
  --canary      a version as in voxfleet_build_info, or a label selector of that metric: version="2",zone=~"a|b"
  --stable      likewise
  --window      how far back: 10m, 1h (default 10m)

Exit code 0: promote; 1: hold, there is not enough to tell yet; 2: roll back; 3: it could not be judged.`;

const EXIT_CODES: Readonly<Record<Decision['verdict'], number>> = { promote: 0, hold: 1, rollback: 2 };
const NOT_JUDGED = 3;
const MARKS = { good: 'ok  ', bad: 'BAD ', unsure: '?   ' } as const;

/** What cannot be done for a reason the user can mend; its message is all they need. */
class UsageError extends Error {}

interface Options {
  readonly prometheus: string;
  readonly sides: Sides;
  readonly window: string;
}

function readOptions(args: readonly string[]): Options | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...args], options: { prometheus: text, canary: text, stable: text, window: { ...text, default: '10m' }, help: { type: 'boolean' } } });
  if (values.help === true) return undefined;
  if (!/^\d+[smhd]$/.test(values.window)) throw new UsageError(`--window: expected a duration such as 10m, got "${values.window}"`);
  return { prometheus: given('prometheus', values.prometheus), sides: { canary: selector('canary', values.canary), stable: selector('stable', values.stable) }, window: values.window };
}

/** A bare version is the common case. */
function selector(name: string, text: string | undefined): string {
  const value = given(name, text);
  if (/^[\w.+-]+$/.test(value)) return `version="${value}"`;
  if (/^\w+\s*(=~?|!=|!~)\s*"/.test(value)) return value;
  throw new UsageError(`--${name}: expected a version or a label selector such as version="2", got ${value}`);
}

function given(name: string, value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError(`--${name} is missing\n\n${USAGE}`);
  return value;
}

async function judge({ prometheus, sides, window }: Options): Promise<number> {
  const { verdict, reasons, findings } = await judgeCanary(prometheusAt(prometheus), sides, window);
  console.log(`canary {${sides.canary}} beside stable {${sides.stable}}, last ${window}\n`);
  for (const { outcome, words } of findings) console.log(`  ${MARKS[outcome]}${words}`);
  console.log(`\n${verdict.toUpperCase()}\n${reasons.map((reason) => `  because ${reason}`).join('\n')}`);
  return EXIT_CODES[verdict];
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(USAGE);
  else process.exitCode = await judge(options);
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof UsageError || error instanceof PrometheusError || isUsage)) throw error;
  console.error(error.message);
  process.exitCode = NOT_JUDGED;
}
