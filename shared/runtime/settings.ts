import { randomBytes } from 'node:crypto';
import { ID_PATTERN } from '../bus/subjects.ts';
import { parseRedisUrl } from '../session/redis-url.ts';
import { flag, generated, integer, matching, oneOf, type Setting } from './env.ts';
import { TRACING_SETTINGS } from './tracing-settings.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** Settings both tiers read. */
export const SHARED_SETTINGS = {
  natsUrl: matching('NATS_URL', 'nats://127.0.0.1:4222', /^(nats|tls):\/\/\S+$/, 'nats://host:port, several separated by commas', 'Where NATS is; several servers of one cluster separated by commas; `user:password@` before the host.'),
  redisUrl: {
    ...matching('REDIS_URL', 'redis://127.0.0.1:6379', /^/, '', 'Where Redis is: one server, the primary that Sentinels name (`redis+sentinel://host:port,host:port/name`), or a Cluster (`redis+cluster://host:port,host:port`); `rediss` for TLS, `user:password@` before the hosts.'),
    parse: redisUrl,
  },
  logLevel: oneOf('LOG_LEVEL', 'info', LOG_LEVELS, 'Least severe level that is logged.'),
  environment: oneOf('ENVIRONMENT', 'development', ['development', 'production'], 'In production, API keys are required, and a worker takes no calls before its default engines are made.'),
  metricsEnabled: flag('ENABLE_PROMETHEUS', true, 'Whether `/metrics` answers.'),
  metricsIntervalS: integer('METRICS_COLLECTION_INTERVAL', 5, [1, 300], 'Seconds between collections of metrics that cost something to collect.'),
  leaseMs: integer('LEASE_MS', 10_000, [1000, 600_000], 'A session lease that is not renewed for this long may be claimed by any worker.'),
  sessionTtlS: integer('SESSION_TTL_S', 3600, [1, 604_800], 'A session nobody is connected to is forgotten after this.'),
  sessionRetentionS: integer('SESSION_RETENTION_S', 86_400, [1, 31_536_000], 'The record of an ended session stays this long.'),
  replayMs: integer('REPLAY_MS', 30_000, [1000, 600_000], 'Audio kept per session and direction until it is committed or played.'),
  workerLostAfterMs: integer('WORKER_LOST_AFTER_MS', 1000, [500, 60_000], 'A worker whose heartbeats stop for this long is lost.'),
  drainDeadlineMs: integer('DRAIN_DEADLINE_MS', 30_000, [0, 86_400_000], 'After SIGTERM, what is not done by then is ended.'),
  ...TRACING_SETTINGS,
} as const;

/** Stays text, because a connection is made from it; throws where none could be. */
function redisUrl(text: string): string {
  parseRedisUrl(text);
  return text;
}

/** A process's own id: one NATS token; made of the tier and random letters where absent. */
export function processId(name: string, tier: string): Setting<string> {
  const make = (): string => `${tier}-${randomBytes(5).toString('hex')}`;
  return generated(name, ID_PATTERN, 'letters, digits, - and _, 64 at most', make, `Name of this ${tier} on the bus and in logs; must be unique. Random where absent.`);
}
