import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../deploy/local/ports.ts';
import { startProcess, StartError, type RunningProcess } from '../../deploy/local/processes.ts';
import { redisAsk, redisServer, untilAnswer, type RedisNode } from './redis-node.ts';

/** What the Sentinels call the primary. */
const NAME = 'mymaster';
const SENTINELS = 3;
/** How long the primary must be silent before it is failed over. */
const DOWN_AFTER_MS = 1000;
const READY_WITHIN_MS = 60_000;
const AGREE_INTERVAL_MS = 50;
const PORT_ATTEMPTS = 3;

/** A primary, its replica and three Sentinels on this machine. */
export interface RedisSentinel {
  /** As REDIS_URL wants it. */
  readonly url: string;
  /** Who is primary, once all Sentinels say the same: after a failover the last of them hears of it a second or two later. */
  primary(): Promise<RedisNode>;
  /** Resolves once the replica has everything the primary had when this was called. */
  synchronized(): Promise<void>;
  /** Kills the primary of the moment; resolves when it is gone. The Sentinels make another one of the replica. */
  killPrimary(): Promise<RedisNode>;
  /** Has the Sentinels swap primary and replica, both alive; resolves when they have. */
  failOver(): Promise<void>;
  /** Starts what was killed again, as replica of the primary there is now; resolves once it has everything. */
  revive(): Promise<void>;
  /** Stops everything and leaves nothing behind. */
  stop(): Promise<void>;
}

/** Starts one on free ports, ready for a failover. Throws StartError. */
export async function startRedisSentinel(): Promise<RedisSentinel> {
  for (let attempt = 1; ; attempt += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'vox-sentinel-'));
    const set = new SentinelSet(folder);
    try {
      await set.start();
      return set;
    } catch (error) {
      await set.stop();
      if (!(error instanceof StartError) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

class SentinelSet implements RedisSentinel {
  readonly #folder: string;
  #nodes: readonly RedisNode[] = [];
  #sentinels: readonly RedisNode[] = [];
  readonly #killed = new Set<RedisNode>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  get url(): string {
    return `redis+sentinel://${this.#sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/${NAME}`;
  }

  async start(): Promise<void> {
    const primary = await redisServer(this.#folder, await freePort());
    this.#nodes = [primary];
    this.#nodes = [primary, await this.#startReplica(primary.port, await freePort())];
    for (let at = 0; at < SENTINELS; at += 1) this.#sentinels = [...this.#sentinels, await this.#startSentinel(primary.port)];
    await untilAnswer(primary.port, ['INFO', 'replication'], /state=online/, READY_WITHIN_MS);
    const others = String(SENTINELS - 1);
    for (const { port } of this.#sentinels) {
      await untilAnswer(port, ['SENTINEL', 'MASTER', NAME], new RegExp(`num-slaves\\s+\\$1\\s+1[^]*num-other-sentinels\\s+\\$1\\s+${others}`), READY_WITHIN_MS);
    }
  }

  async primary(): Promise<RedisNode> {
    const deadline = performance.now() + READY_WITHIN_MS;
    for (;;) {
      const answers = await Promise.all(this.#sentinels.map(({ port }) => redisAsk(port, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME])));
      const agreed = this.#nodes.find((node) => answers.every((answer) => new RegExp(`\\s${node.port}\\s`).test(answer)));
      if (agreed !== undefined) return agreed;
      if (performance.now() > deadline) throw new Error(`the Sentinels did not agree on a primary within ${READY_WITHIN_MS / 1000} s`);
      await sleep(AGREE_INTERVAL_MS);
    }
  }

  async killPrimary(): Promise<RedisNode> {
    const primary = await this.primary();
    this.#killed.add(primary);
    await primary.process.kill('SIGKILL');
    return primary;
  }

  async synchronized(): Promise<void> {
    const { port } = await this.primary();
    await untilAnswer(port, ['INFO', 'replication'], /state=online/, READY_WITHIN_MS);
    const wanted = Number(/master_repl_offset:(\d+)/.exec(await redisAsk(port, ['INFO', 'replication']))?.[1]);
    await untilAnswer(port, ['INFO', 'replication'], (answer) => Number(/state=online,offset=(\d+)/.exec(answer)?.[1]) >= wanted, READY_WITHIN_MS);
  }

  async failOver(): Promise<void> {
    const [sentinel] = this.#sentinels;
    const { port } = await this.primary();
    await untilAnswer(sentinel?.port ?? 0, ['SENTINEL', 'FAILOVER', NAME], /OK/, READY_WITHIN_MS);
    await untilAnswer(sentinel?.port ?? 0, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', NAME], new RegExp(`\\s(?!${port}\\s)\\d+\\s*$`), READY_WITHIN_MS);
  }

  async revive(): Promise<void> {
    const primary = await this.primary();
    const revived = this.#nodes.map(async (node) => (this.#killed.has(node) ? this.#startReplica(primary.port, node.port) : node));
    this.#nodes = await Promise.all(revived);
    this.#killed.clear();
    await untilAnswer(primary.port, ['INFO', 'replication'], /state=online/, READY_WITHIN_MS);
  }

  async stop(): Promise<void> {
    const running: RunningProcess[] = [...this.#sentinels, ...this.#nodes].map((node) => node.process);
    await Promise.all(running.map((process) => process.kill('SIGKILL')));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #startReplica(primaryPort: number, port: number): Promise<RedisNode> {
    return redisServer(this.#folder, port, ['--replicaof', '127.0.0.1', String(primaryPort)]);
  }

  async #startSentinel(primaryPort: number): Promise<RedisNode> {
    const port = await freePort();
    const file = join(this.#folder, `sentinel-${port}.conf`);
    await writeFile(file, [
      `port ${port}`, 'bind 127.0.0.1', `dir ${this.#folder}`, `sentinel monitor ${NAME} 127.0.0.1 ${primaryPort} ${SENTINELS - 1}`,
      `sentinel down-after-milliseconds ${NAME} ${DOWN_AFTER_MS}`, `sentinel failover-timeout ${NAME} 3000`, '',
    ].join('\n'));
    const process = await startProcess({
      name: `sentinel-${port}`, command: 'redis-server', args: [file, '--sentinel'], readyTimeoutMs: READY_WITHIN_MS,
      isReady: async (pid) => (await redisAsk(port, ['INFO', 'server'])).includes(`process_id:${pid}\r\n`),
    });
    return { port, process };
  }
}
