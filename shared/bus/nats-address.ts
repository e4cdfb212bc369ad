/** What a connection to NATS is made with. */
export interface NatsAddress {
  readonly servers: string[];
  readonly user?: string;
  readonly pass?: string;
}

const SERVER = /^(?<scheme>[a-z]+:\/\/)(?:(?<user>[^:@/]*):(?<pass>[^@/]*)@)?(?<host>[^@]+)$/;

/**
 * Reads NATS_URL: servers of one cluster, separated by commas, where one or all may name user and password (`%40` for `@`); the
 * first that does speaks for all, because a process may find itself at any of them. The client itself takes none in addresses.
 */
export function natsAddress(url: string): NatsAddress {
  const parts = url.split(',').map((server) => SERVER.exec(server.trim())?.groups ?? { host: server.trim() });
  const servers = parts.map(({ scheme = '', host = '' }) => `${scheme}${host}`);
  const { user, pass } = parts.find((part) => part['user'] !== undefined) ?? {};
  return { servers, ...(user !== undefined && pass !== undefined && { user: decodeURIComponent(user), pass: decodeURIComponent(pass) }) };
}
