import { setTimeout as sleep } from 'node:timers/promises';
import { answers, freePort, startNats, startRedis, startSentinel } from './servers.ts';
import { FleetServer } from './fleet-server.ts';

/** Nodes of a NATS cluster, and Sentinels: the least with a majority that outlives one of them. */
const NODES = 3;
const QUORUM = 2;
/** What the Sentinels call the primary. */
export const PRIMARY_NAME = 'voxfleet';
/** A primary that is silent for this long is replaced. */
const DOWN_AFTER_MS = 1000;
const SETTLE_TIMEOUT_MS = 60_000;
const SETTLE_INTERVAL_MS = 50;

type OnLine = (line: string) => void;

/** The servers of one kind, and the address clients are given. */
export interface ServerSet {
  readonly url: string;
  readonly servers: readonly FleetServer[];
  /** Redis's Sentinels; none elsewhere. */
  readonly sentinels: readonly FleetServer[];
}

/** One NATS. */
export async function singleNats(onLine: OnLine): Promise<ServerSet> {
  const server = await FleetServer.start('nats', (port) => startNats({ onLine, ...(port === undefined ? {} : { port }) }));
  return { url: server.url, servers: [server], sentinels: [] };
}

/** Three NATS nodes that know each other; clients are given all three. Throws where they do not find each other. */
export async function natsCluster(onLine: OnLine): Promise<ServerSet> {
  const routePorts = await Promise.all(Array.from({ length: NODES }, () => freePort()));
  const routes = routePorts.map((port) => `nats://127.0.0.1:${port}`).join(',');
  const servers = await startAll(routePorts.map((routePort, at) => {
    const name = `nats-${at + 1}`;
    const flags = ['--cluster', `nats://127.0.0.1:${routePort}`, '--cluster_name', 'voxfleet', '--routes', routes];
    return FleetServer.start(name, (port) => startNats({ name, flags, onLine, ...(port === undefined ? {} : { port }) }));
  }));
  // A node tells clients the addresses of the nodes it knows.
  const knows = (): Promise<boolean[]> => Promise.all(servers.flatMap(({ port }) => servers.map((other) => answers(port, '', `127.0.0.1:${other.port}"`))));
  await untilAll(knows, 'the nodes of the NATS cluster did not find each other', servers);
  return { url: servers.map(({ url }) => url).join(','), servers, sentinels: [] };
}

/** One Redis. */
export async function singleRedis(onLine: OnLine): Promise<ServerSet> {
  const server = await FleetServer.start('redis', (port) => startRedis({ onLine, ...(port === undefined ? {} : { port }) }));
  return { url: server.url, servers: [server], sentinels: [] };
}

/** A primary, its replica and three Sentinels who agree on them. Throws where they do not come to that. */
export async function redisSentinel(onLine: OnLine): Promise<ServerSet> {
  const primary = await startPair(undefined, 'redis-1', onLine);
  const replica = await startPair(primary.port, 'redis-2', onLine);
  const servers = [primary, replica];
  const watch = { primaryPort: primary.port, primaryName: PRIMARY_NAME, quorum: QUORUM, downAfterMs: DOWN_AFTER_MS };
  const sentinels = await startAll(Array.from({ length: NODES }, (_, at) => {
    const name = `sentinel-${at + 1}`;
    return FleetServer.start(name, (port) => startSentinel(watch, { name, onLine, ...(port === undefined ? {} : { port }) }));
  }));
  await untilAll(() => primaryIs(sentinels, primary), 'the Sentinels did not find each other', [...servers, ...sentinels]);
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  return { url: `redis+sentinel://${hosts}/${PRIMARY_NAME}`, servers, sentinels };
}

/**
 * Whether each of these Sentinels takes `primary` for the healthy primary. A replica that calls itself primary is not yet one: a
 * failover that Sentinels gave up on the way is undone as soon as the old primary is back.
 */
export function primaryIs(sentinels: readonly FleetServer[], primary: FleetServer): Promise<boolean[]> {
  const agreed = `status=ok,address=127.0.0.1:${primary.port},slaves=1,sentinels=${NODES}`;
  return Promise.all(sentinels.map(({ port }) => answers(port, 'INFO sentinel\r\n', agreed)));
}

/** One of the two Redis servers. It comes back as a replica of nobody: the Sentinels make it follow whom they chose. */
function startPair(primaryPort: number | undefined, name: string, onLine: OnLine): Promise<FleetServer> {
  return FleetServer.start(name, (port) => {
    const follows = port === undefined && primaryPort !== undefined ? ['--replicaof', '127.0.0.1', String(primaryPort)] : [];
    // Without a delay a replica that comes is served at once.
    const flags = [...follows, '--repl-diskless-sync-delay', '0'];
    return startRedis({ name, flags, onLine, ...(port === undefined ? {} : { port }) });
  });
}

/** Waits for all; where one fails, those that did start are ended. */
async function startAll(starting: readonly Promise<FleetServer>[]): Promise<FleetServer[]> {
  const outcomes = await Promise.allSettled(starting);
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed === undefined) return started;
  await Promise.all(started.map((server) => server.stop()));
  throw failed.reason;
}

async function untilAll(ask: () => Promise<boolean[]>, complaint: string, servers: readonly FleetServer[]): Promise<void> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  while (!(await ask()).every(Boolean)) {
    if (performance.now() > deadline) {
      await Promise.all(servers.map((server) => server.stop()));
      throw new Error(`${complaint} within ${SETTLE_TIMEOUT_MS / 1000} s`);
    }
    await sleep(SETTLE_INTERVAL_MS);
  }
}
