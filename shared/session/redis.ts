import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis, type ClientContext, type Result } from 'ioredis';
import type { Logger } from '../runtime/log.ts';
import { packageRoot } from '../runtime/package-root.ts';

declare module 'ioredis' {
  interface RedisCommander<Context extends ClientContext = { type: 'default' }> {
    voxCreate(record: string, ...args: ScriptArgument[]): Result<number, Context>;
    voxClaimBuffer(record: string, items: string, ...args: ScriptArgument[]): Result<Buffer[], Context>;
    voxConnect(record: string, items: string, ...args: ScriptArgument[]): Result<(string | number)[], Context>;
    voxRotate(record: string, ...args: ScriptArgument[]): Result<number, Context>;
    voxRenew(record: string, items: string, ...args: ScriptArgument[]): Result<string, Context>;
    voxCommit(record: string, items: string, ...args: ScriptArgument[]): Result<string, Context>;
    voxRestore(record: string, items: string, ...args: ScriptArgument[]): Result<string, Context>;
    voxRelease(record: string, items: string, ...args: ScriptArgument[]): Result<string, Context>;
    voxEnd(record: string, items: string, ...args: ScriptArgument[]): Result<string[], Context>;
  }
}

type ScriptArgument = string | number | Buffer;

/** The Redis client with the session scripts on it. */
export type { Redis };

/** Each script with the number of keys it takes; the files stand in shared/session/scripts. */
const SCRIPTS = { create: 1, connect: 2, rotate: 1, claim: 2, renew: 2, commit: 2, restore: 2, release: 2, end: 2 } as const;

/** What stands before each of them. */
const PREAMBLE = 'lease';

/** A command that got no answer within this time fails; what it was for decides whether it is tried again. */
const COMMAND_TIMEOUT_MS = 2000;

/**
 * Connects to Redis. Waits for the first connection (throws where none comes), later reconnects without end with up to
 * 1 s of jitter; writes that meet a demoted primary reconnect and are sent again.
 */
export async function connectRedis(url: string, log: Logger): Promise<Redis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 5000,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    enableAutoPipelining: true,
    retryStrategy: (attempt) => Math.min(100 * attempt, 1000) + Math.random() * 1000,
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  });
  redis.on('error', (error: unknown) => log.warn({ err: error }, 'the redis connection failed'));
  for (const [name, numberOfKeys] of Object.entries(SCRIPTS)) {
    const lua = script(PREAMBLE) + script(name);
    redis.defineCommand(`vox${name.charAt(0).toUpperCase()}${name.slice(1)}`, { lua, numberOfKeys });
  }
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  return redis;
}

function script(name: string): string {
  return readFileSync(join(packageRoot(), 'shared/session/scripts', `${name}.lua`), 'utf8');
}
