import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster, Redis as Client, type ChainableCommander, type ClientContext, type RedisCommander, type RedisOptions, type Result } from 'ioredis';
import type { Logger } from '../runtime/log.ts';
import { packageRoot } from '../runtime/package-root.ts';
import { parseRedisUrl, type RedisAddress } from './redis-url.ts';

declare module 'ioredis' {
  interface RedisCommander<Context extends ClientContext = { type: 'default' }> {
    voxCreate(record: string, ...args: ScriptArgument[]): Result<number, Context>;
    voxClaimBuffer(record: string, items: string, ...args: ScriptArgument[]): Result<Buffer[], Context>;
    voxConnect(record: string, items: string, ...args: ScriptArgument[]): Result<(string | number)[], Context>;
    voxAbandon(record: string, ...args: ScriptArgument[]): Result<number, Context>;
    voxRotate(record: string, ...args: ScriptArgument[]): Result<number, Context>;
    voxRenew(record: string, items: string, ...args: ScriptArgument[]): Result<string, Context>;
    voxCommit(record: string, items: string, ...args: ScriptArgument[]): Result<string, Context>;
    voxRestore(record: string, items: string, ...args: ScriptArgument[]): Result<string, Context>;
    voxRelease(record: string, items: string, ...args: ScriptArgument[]): Result<string, Context>;
    voxEnd(record: string, items: string, ...args: ScriptArgument[]): Result<string[], Context>;
  }
}

type ScriptArgument = string | number | Buffer;

/** A connected Redis with the session scripts on it, whatever it is: a server, what Sentinels call the primary, a Cluster. */
export interface Redis extends RedisCommander {
  /** 'ready' while commands are taken; they fail at once while it is anything else. */
  readonly status: string;
  /** A transaction; in a Cluster of one session's keys. */
  multi(): ChainableCommander;
  once(event: 'ready', listener: () => void): unknown;
  /** Each time that it is there again. */
  on(event: 'ready', listener: () => void): unknown;
  /** Closes for good; what is under way fails. */
  disconnect(): void;
}

/** Each script with the number of keys it takes, all of one session; the files stand in shared/session/scripts. */
const SCRIPTS = { create: 1, connect: 2, abandon: 1, rotate: 1, claim: 2, renew: 2, commit: 2, restore: 2, release: 2, end: 2 } as const;

/** What stands before each of them. */
const PREAMBLE = 'lease';

/** How long the first connection may take: Sentinels and Cluster nodes are asked one after another. */
const FIRST_CONNECTION_MS = 5000;

/** A command that got no answer within this time fails; what it was for decides whether it is tried again. */
const COMMAND_TIMEOUT_MS = 2000;

/**
 * Nothing came for this long although answers are due: the server is frozen or cut off, and the connection is given up, so
 * that Sentinels are asked who the primary is now. Above COMMAND_TIMEOUT_MS, because one slow command is not a dead server.
 */
const SILENCE_MS = 2500;

/** A host that does not answer (a dead one, not a closed port) must not hold up the failover to another. */
const CONNECT_TIMEOUT_MS = 2000;

/** A Sentinel that does not answer is passed over for the next after this. */
const SENTINEL_TIMEOUT_MS = 1000;

/** A Cluster node that does not say who has which slots is passed over for the next after this. */
const SLOTS_TIMEOUT_MS = 1000;

/** Slots are asked for this often without a reason, so that a moved one is known before it is met. */
const SLOTS_INTERVAL_MS = 10_000;

/** Waits between attempts grow from this … */
const RETRY_LEAST_MS = 50;
/** … to this: an outage of a minute ends for everybody within about two seconds of its end. */
const RETRY_MOST_MS = 2000;

/**
 * What every connection is made with.
 * - `enableOfflineQueue: false`, `maxRetriesPerRequest: 0`: while Redis is away commands fail at once, and what was under
 *   way fails with the connection. Nothing piles up in here, and nothing old is written late: whoever wanted the write
 *   tries it again as long as it still wants it (every script may be run twice).
 * - `reconnectOnError`: a primary that was demoted answers READONLY; asking again who is primary is the only remedy.
 * - `family: 0`: names may have addresses of IPv4 and IPv6.
 */
const CONNECTION = {
  family: 0,
  connectTimeout: CONNECT_TIMEOUT_MS,
  commandTimeout: COMMAND_TIMEOUT_MS,
  socketTimeout: SILENCE_MS,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  reconnectOnError: (error: Error): boolean => error.message.startsWith('READONLY'),
} as const satisfies RedisOptions;

/**
 * Connects to Redis. Throws where the URL makes no sense or no connection comes within five seconds. Later it reconnects
 * without end; to another primary where Sentinels or the Cluster name one.
 */
export async function connectRedis(url: string, log: Logger): Promise<Redis> {
  const address = parseRedisUrl(url);
  const redis = address.topology === 'cluster' ? clusterClient(address) : client(address);
  redis.on('error', (error: unknown) => log.warn({ err: error }, 'the redis connection failed'));
  for (const [name, numberOfKeys] of Object.entries(SCRIPTS)) {
    const lua = script(PREAMBLE) + script(name);
    redis.defineCommand(`vox${name.charAt(0).toUpperCase()}${name.slice(1)}`, { lua, numberOfKeys });
  }
  try {
    await firstConnection(redis);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  return redis;
}

/**
 * The wait before an attempt to connect. It doubles, and half of it is drawn: processes that lost Redis in the same moment
 * do not come back in the same moment.
 */
export function retryDelayMs(attempt: number, random: () => number = Math.random): number {
  const mostMs = Math.min(RETRY_LEAST_MS * 2 ** Math.min(attempt, 30), RETRY_MOST_MS);
  return Math.round((mostMs * (1 + random())) / 2);
}

function client(address: RedisAddress): Client {
  const { topology, hosts, name, db, isTls, username, password } = address;
  const options: RedisOptions = {
    ...CONNECTION, ...secured(address), db, lazyConnect: true, enableOfflineQueue: false, enableAutoPipelining: true,
    retryStrategy: (attempt) => retryDelayMs(attempt),
  };
  if (topology === 'server') return new Client({ ...options, ...hosts[0] });
  return new LastingClient({
    ...options,
    name,
    sentinels: [...hosts],
    sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
    sentinelRetryStrategy: (attempt) => retryDelayMs(attempt),
    // A primary that is cut off from the Sentinels, not from here, would be written to until it is demoted.
    failoverDetector: true,
    ...(isTls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
    // Users are the servers'; a password alone mostly is everybody's, and a Sentinel that wants none does not mind.
    ...(username === undefined && password !== undefined && { sentinelPassword: password }),
  });
}

/**
 * A client that comes back for as long as nobody closed it. ioredis ends for good where word of a failover comes from one Sentinel while it
 * asks another who the primary is: its detector closes the connector, and the attempt under way takes that for being told to stop.
 */
class LastingClient extends Client {
  #isClosed = false;

  constructor(options: RedisOptions) {
    super(options);
    this.on('end', () => setTimeout(() => this.#comeBack(), retryDelayMs(0)));
  }

  override disconnect(reconnect = false): void {
    if (!reconnect) this.#isClosed = true;
    super.disconnect(reconnect);
  }

  #comeBack(): void {
    if (this.#isClosed || this.status !== 'end') return;
    // What failed is an event of its own, and either tried again by ioredis or the end once more.
    this.connect().catch(() => undefined);
  }
}

function clusterClient(address: RedisAddress): Cluster {
  return new Cluster([...address.hosts], {
    lazyConnect: true,
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    slotsRefreshTimeout: SLOTS_TIMEOUT_MS,
    slotsRefreshInterval: SLOTS_INTERVAL_MS,
    clusterRetryStrategy: (attempt) => retryDelayMs(attempt),
    redisOptions: { ...CONNECTION, ...secured(address) },
    // Certificates are for names: where TLS is spoken they are not replaced by addresses.
    ...(address.isTls && { dnsLookup: (name, callback) => callback(null, name) }),
  });
}

function secured({ isTls, username, password }: RedisAddress): RedisOptions {
  return { ...(isTls && { tls: {} }), ...(username !== undefined && { username }), ...(password !== undefined && { password }) };
}

/** Sentinels and Clusters are searched without end by themselves: the first time that is an error. */
async function firstConnection(redis: Client | Cluster): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no connection within ${FIRST_CONNECTION_MS / 1000} s`)), FIRST_CONNECTION_MS);
  });
  try {
    await Promise.race([redis.connect(), tooLate]);
  } finally {
    clearTimeout(timer);
  }
}

function script(name: string): string {
  return readFileSync(join(packageRoot(), 'shared/session/scripts', `${name}.lua`), 'utf8');
}
