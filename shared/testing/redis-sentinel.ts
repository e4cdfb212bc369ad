import { setTimeout as sleep } from 'node:timers/promises';
import type { FleetServer } from './fleet-server.ts';
import { PRIMARY_NAME, redisSentinel, type ServerSet } from './fleet-servers.ts';
import { redisAsk, untilAnswer } from './redis-node.ts';

const READY_WITHIN_MS = 60_000;
const AGREE_INTERVAL_MS = 50;

/** Starts a primary, its replica and three Sentinels on free ports, ready for a failover. Throws StartError. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  const set = new RedisSentinel(await redisSentinel(() => undefined));
  await set.synchronized();
  return set;
}

/** A primary, its replica and three Sentinels on this machine, and what may happen to them. */
export class RedisSentinel {
  /** As REDIS_URL wants it. */
  readonly url: string;
  readonly #nodes: readonly FleetServer[];
  readonly #sentinels: readonly FleetServer[];
  readonly #killed = new Set<FleetServer>();

  constructor({ url, servers, sentinels }: ServerSet) {
    this.url = url;
    this.#nodes = servers;
    this.#sentinels = sentinels;
  }

  /** Who is primary, once all Sentinels say the same: after a failover the last of them hears of it a second or two later. */
  async primary(): Promise<FleetServer> {
    const deadline = performance.now() + READY_WITHIN_MS;
    for (;;) {
      const answers = await Promise.all(this.#sentinels.map(({ port }) => redisAsk(port, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', PRIMARY_NAME])));
      const agreed = this.#nodes.find((node) => answers.every((answer) => new RegExp(`\\s${node.port}\\s`).test(answer)));
      if (agreed !== undefined) return agreed;
      if (performance.now() > deadline) throw new Error(`the Sentinels did not agree on a primary within ${READY_WITHIN_MS / 1000} s`);
      await sleep(AGREE_INTERVAL_MS);
    }
  }

  /** Kills the primary of the moment; resolves when it is gone. The Sentinels make another one of the replica. */
  async killPrimary(): Promise<FleetServer> {
    const primary = await this.primary();
    this.#killed.add(primary);
    await primary.kill();
    return primary;
  }

  /** Resolves once the replica has everything the primary had when this was called. */
  async synchronized(): Promise<void> {
    const { port } = await this.primary();
    await untilAnswer(port, ['INFO', 'replication'], /state=online/, READY_WITHIN_MS);
    const wanted = Number(/master_repl_offset:(\d+)/.exec(await redisAsk(port, ['INFO', 'replication']))?.[1]);
    await untilAnswer(port, ['INFO', 'replication'], (answer) => Number(/state=online,offset=(\d+)/.exec(answer)?.[1]) >= wanted, READY_WITHIN_MS);
  }

  /** Has the Sentinels swap primary and replica, both alive; resolves when they have. */
  async failOver(): Promise<void> {
    const [sentinel] = this.#sentinels;
    const { port } = await this.primary();
    await untilAnswer(sentinel?.port ?? 0, ['SENTINEL', 'FAILOVER', PRIMARY_NAME], /OK/, READY_WITHIN_MS);
    await untilAnswer(sentinel?.port ?? 0, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', PRIMARY_NAME], new RegExp(`\\s(?!${port}\\s)\\d+\\s*$`), READY_WITHIN_MS);
  }

  /** Starts what was killed again, as replica of the primary there is now; resolves once it has everything. */
  async revive(): Promise<void> {
    const primary = await this.primary();
    await Promise.all([...this.#killed].map(async (node) => {
      await node.restart();
      // As an orchestrator would; the Sentinels take ten seconds and more to find a primary too many.
      await untilAnswer(node.port, ['REPLICAOF', '127.0.0.1', String(primary.port)], /OK/, READY_WITHIN_MS);
    }));
    this.#killed.clear();
    await this.synchronized();
  }

  /** Stops everything and leaves nothing behind. */
  async stop(): Promise<void> {
    await Promise.all([...this.#sentinels, ...this.#nodes].map((server) => server.stop()));
  }
}
