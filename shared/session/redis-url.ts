/** A host and its port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** Where Redis is, as REDIS_URL says it. */
export interface RedisAddress {
  readonly topology: 'server' | 'sentinel' | 'cluster';
  /** The server, the Sentinels, or some nodes of the Cluster. */
  readonly hosts: readonly [HostPort, ...HostPort[]];
  /** Of the primary, to the Sentinels; empty otherwise. */
  readonly name: string;
  /** Number of the database. */
  readonly db: number;
  readonly isTls: boolean;
  readonly username: string | undefined;
  /** Without a username it is shown to Sentinels as well, with one only to the servers behind them. */
  readonly password: string | undefined;
}

/** What a Redis URL may look like; stands in messages. `rediss` in place of `redis` means TLS. */
export const REDIS_URL_FORMS =
  'redis://[user:password@]host[:port][/database], redis+sentinel://[user:password@]host[:port],…/name[/database] or ' +
  'redis+cluster://[user:password@]host[:port],… (rediss for TLS)';

const DEFAULT_PORT = { server: 6379, sentinel: 26_379, cluster: 6379 } as const;
const FORM = /^redis(?<tls>s?)(?:\+(?<topology>sentinel|cluster))?:\/\/(?:(?<credentials>[^@/\s]*)@)?(?<hosts>[^@/?#\s]*)(?:\/(?<path>[^@?#\s]*))?$/;
const HOST_PORT = /^(?<host>[^:[\]]+|\[[0-9a-fA-F:.]+\])(?::(?<port>\d{1,5}))?$/;
/** Databases a server has at most; more cannot be meant. */
const MOST_DATABASES = 10_000;

/** Reads a Redis URL. Throws an Error that says what is wrong and which forms there are, without quoting the URL. */
export function parseRedisUrl(url: string): RedisAddress {
  const parts = FORM.exec(url)?.groups;
  if (parts === undefined) throw mistake('this is none of these forms (in a user or password, / @ ? # are written %2F %40 %3F %23)');
  const topology = parts['topology'] === 'sentinel' || parts['topology'] === 'cluster' ? parts['topology'] : 'server';
  const hosts = hostsOf(parts['hosts'] ?? '', DEFAULT_PORT[topology]);
  if (topology === 'server' && hosts.length > 1) throw mistake('one server has one address; several are of Sentinels or of a Cluster');
  return { topology, hosts, ...placeOf(topology, parts['path'] ?? ''), isTls: parts['tls'] === 's', ...credentialsOf(parts['credentials']) };
}

function hostsOf(text: string, defaultPort: number): RedisAddress['hosts'] {
  const [first, ...others] = text.split(',').map((entry) => hostPort(entry, defaultPort));
  if (first === undefined) throw mistake('there is no host in it');
  return [first, ...others];
}

function hostPort(text: string, defaultPort: number): HostPort {
  const { host, port } = HOST_PORT.exec(text)?.groups ?? {};
  const number = port === undefined ? defaultPort : Number(port);
  if (host === undefined || number < 1 || number > 65_535) throw mistake(`"${text}" is no host[:port]`);
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

/** What follows the hosts: a database, behind the primary's name where Sentinels are asked for it. */
function placeOf(topology: RedisAddress['topology'], path: string): { name: string; db: number } {
  const parts = path.split('/');
  const name = topology === 'sentinel' ? decoded(parts.shift() ?? '') : '';
  const [database = '', ...rest] = parts;
  const db = database === '' ? 0 : Number(database);
  if (topology === 'sentinel' && name === '') throw mistake('the name the Sentinels know the primary by is missing, as in …/mymaster');
  if (rest.length > 0 || !/^\d*$/.test(database) || db >= MOST_DATABASES) throw mistake(`"/${path}" names no database`);
  if (topology === 'cluster' && db !== 0) throw mistake('a Cluster has database 0 alone');
  return { name, db };
}

function credentialsOf(text: string | undefined): { username: string | undefined; password: string | undefined } {
  if (text === undefined || text === '') return { username: undefined, password: undefined };
  const colon = text.indexOf(':');
  if (colon < 0 || colon === text.length - 1) throw mistake('a user needs a password: user:password@ or :password@');
  return { username: colon === 0 ? undefined : decoded(text.slice(0, colon)), password: decoded(text.slice(colon + 1)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw mistake('a % in it is not followed by two hex digits; write a percent sign as %25', error);
  }
}

function mistake(what: string, cause?: unknown): Error {
  return new Error(`expected ${REDIS_URL_FORMS}; ${what}`, { cause });
}
