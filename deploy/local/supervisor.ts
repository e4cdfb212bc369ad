import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { planFleet, type Fleet } from './fleet.ts';
import { isPortFree } from './ports.ts';
import { StartError } from './processes.ts';
import { messageOf } from '../../shared/runtime/errors.ts';

/** How much longer than they let calls go on gateways and workers may take to end, before they are killed. */
const STOP_SLACK_MS = 8000;
const DEFAULT_PORT = 8080;
const MAX_PROCESSES = 64;
/** A gateway that listens on all addresses is reached on the loopback one. */
const ANY_ADDRESS = new Set(['0.0.0.0', '::']);
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What was asked for cannot be done; the message is all a person needs. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Where the supervisor finds things, beside what it is asked. */
export interface SupervisorPlaces {
  readonly gatewayMain: string;
  readonly workerMain: string;
  readonly logFolder: string;
}

/**
 * Runs NATS, Redis, gateways and workers on this machine until a signal ends it. Arguments: `--gateways N`, `--workers N`;
 * the environment's PORT is the first gateway's, its HOST where gateways listen. Resolves to the exit code, with nothing left running.
 */
export async function superviseFleet(args: readonly string[], places: SupervisorPlaces): Promise<number> {
  const stopAsked = new StopRequests();
  try {
    const request = readRequest(args, process.env['PORT']);
    const host = process.env['HOST'] ?? '127.0.0.1';
    await checkPorts(host, request.port, request.gateways);
    const reachable = ANY_ADDRESS.has(host) ? '127.0.0.1' : host;
    const fleet = await planFleet({ ...request, ...places, host: reachable, say: print });
    return await runFleet(fleet, stopAsked, places.logFolder);
  } catch (error) {
    const words = error instanceof UsageError || error instanceof StartError ? error.message : fileTrouble(error);
    if (words === undefined) throw error;
    console.error(`Voxfleet did not start: ${words}`);
    return 1;
  } finally {
    stopAsked.forget();
  }
}

/** What the system says of a file that cannot be made or written, as it names the file; undefined for any other error. */
function fileTrouble(error: unknown): string | undefined {
  return error instanceof Error && 'path' in error && 'code' in error ? `${String(error.path)} cannot be used: ${error.message}` : undefined;
}

/** The entry points compiled beside this module, and the logs' place in the package's folder. */
export function compiledPlaces(packageFolder: string): SupervisorPlaces {
  const compiled = join(import.meta.dirname, '..', '..');
  return {
    gatewayMain: join(compiled, 'gateway', 'main.js'),
    workerMain: join(compiled, 'worker', 'main.js'),
    logFolder: join(packageFolder, '.voxfleet', 'logs'),
  };
}

async function runFleet(fleet: Fleet, stopAsked: StopRequests, logFolder: string): Promise<number> {
  const starting = fleet.start().then(() => 'started' as const);
  const outcome = await Promise.race([starting, stopAsked.first]);
  if (outcome === 'started') {
    print(`Voxfleet is ready: ${fleet.gatewayUrls.join('  ')}`);
    print(`Logs: ${logFolder}. Ctrl-C stops everything.`);
    await stopAsked.first;
  } else {
    // Its end is awaited by `stop`; that a start was interrupted is no news.
    starting.catch(() => undefined);
  }
  print('Stopping; press Ctrl-C again to end calls at once.');
  const stopped = fleet.stop(fleet.drainMs + STOP_SLACK_MS);
  await Promise.race([stopped, stopAsked.second.then(() => fleet.group.kill())]);
  await stopped;
  print('Stopped.');
  return 0;
}

/** The first and the second time somebody asks this process to end. */
class StopRequests {
  readonly first: Promise<'stop'>;
  readonly second: Promise<'stop'>;
  readonly #listener: () => void;

  constructor() {
    let count = 0;
    const waiting: ((value: 'stop') => void)[] = [];
    this.first = new Promise((resolve) => waiting.push(resolve));
    this.second = new Promise((resolve) => waiting.push(resolve));
    this.#listener = () => {
      waiting[count]?.('stop');
      count += 1;
    };
    for (const signal of STOP_SIGNALS) process.on(signal, this.#listener);
  }

  forget(): void {
    for (const signal of STOP_SIGNALS) process.off(signal, this.#listener);
  }
}

function readRequest(args: readonly string[], port: string | undefined): { gateways: number; workers: number; port: number } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { gateways: { type: 'string', default: '1' }, workers: { type: 'string', default: '2' } },
    });
    return {
      gateways: wholeNumber('--gateways', values.gateways, MAX_PROCESSES),
      workers: wholeNumber('--workers', values.workers, MAX_PROCESSES),
      port: wholeNumber('PORT', port ?? String(DEFAULT_PORT), 65_535),
    };
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`${error.message} Known: --gateways N, --workers N.`);
    throw error;
  }
}

function wholeNumber(name: string, text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new UsageError(`${name} is "${text}"; a whole number from 1 to ${max} is expected.`);
}

async function checkPorts(host: string, first: number, count: number): Promise<void> {
  for (let port = first; port < first + count; port += 1) {
    const free = await isPortFree(port, host).catch((error: unknown) => {
      throw new UsageError(`port ${port} of ${host} cannot be used: ${messageOf(error)}`);
    });
    if (!free) throw new UsageError(`port ${port} is in use. Stop what uses it, or choose another one with the environment variable PORT.`);
  }
}

function print(text: string): void {
  console.log(text);
}
