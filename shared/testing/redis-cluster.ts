import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, isPortFree } from '../../deploy/local/ports.ts';
import { StartError } from '../../deploy/local/processes.ts';
import { redisAsk, redisServer, untilAnswer, type RedisNode } from './redis-node.ts';

const SLOTS = 16_384;
const PRIMARIES = 3;
/** A node that is silent for this long is replaced: longer than a busy machine holds it up. */
const NODE_TIMEOUT_MS = 2000;
const READY_WITHIN_MS = 60_000;
const PORT_ATTEMPTS = 3;
const BUS_PORT_DISTANCE = 10_000;

/** Three primaries with a replica each on this machine. */
export interface RedisCluster {
  /** As REDIS_URL wants it; names the first two primaries. */
  readonly url: string;
  /** The primaries it began with, each with a third of the slots. */
  readonly primaries: readonly RedisNode[];
  /** Stops everything and leaves nothing behind. */
  stop(): Promise<void>;
}

/** Starts one on free ports, all slots served. Throws StartError. */
export async function startRedisCluster(): Promise<RedisCluster> {
  for (let attempt = 1; ; attempt += 1) {
    const folder = await mkdtemp(join(tmpdir(), 'vox-cluster-'));
    const nodes: RedisNode[] = [];
    const stop = async (): Promise<void> => {
      await Promise.all(nodes.map((node) => node.process.kill('SIGKILL')));
      await rm(folder, { recursive: true, force: true });
    };
    try {
      await form(folder, nodes);
      const primaries = nodes.slice(0, PRIMARIES);
      return { url: `redis+cluster://${primaries.slice(0, 2).map(({ port }) => `127.0.0.1:${port}`).join(',')}`, primaries, stop };
    } catch (error) {
      await stop();
      if (!(error instanceof StartError) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

async function form(folder: string, nodes: RedisNode[]): Promise<void> {
  for (let at = 0; at < PRIMARIES * 2; at += 1) nodes.push(await node(folder, at));
  const [first] = nodes;
  for (const { port } of nodes.slice(1)) await redisAsk(first?.port ?? 0, ['CLUSTER', 'MEET', '127.0.0.1', String(port)]);
  const ids = await Promise.all(nodes.map(async ({ port }) => /[0-9a-f]{40}/.exec(await redisAsk(port, ['CLUSTER', 'MYID']))?.[0] ?? ''));
  for (const [at, { port }] of nodes.slice(0, PRIMARIES).entries()) {
    const [from, to] = [Math.floor((SLOTS * at) / PRIMARIES), Math.floor((SLOTS * (at + 1)) / PRIMARIES)];
    await redisAsk(port, ['CLUSTER', 'ADDSLOTS', ...Array.from({ length: to - from }, (_, slot) => String(from + slot))]);
  }
  for (const [at, { port }] of nodes.slice(PRIMARIES).entries()) {
    // A node must have heard of its primary before it can follow it.
    await untilAnswer(port, ['CLUSTER', 'NODES'], new RegExp(ids[at] ?? ''), READY_WITHIN_MS);
    await untilAnswer(port, ['CLUSTER', 'REPLICATE', ids[at] ?? ''], /OK/, READY_WITHIN_MS);
  }
  for (const { port } of nodes) await untilAnswer(port, ['CLUSTER', 'INFO'], /cluster_state:ok[^]*cluster_known_nodes:6/, READY_WITHIN_MS);
  for (const { port } of nodes.slice(PRIMARIES)) await untilAnswer(port, ['INFO', 'replication'], /master_link_status:up/, READY_WITHIN_MS);
}

async function node(folder: string, at: number): Promise<RedisNode> {
  const flags = ['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${at}.conf`, '--cluster-node-timeout', String(NODE_TIMEOUT_MS)];
  return redisServer(folder, await freePortPair(), flags);
}

/** The nodes speak with each other at a port that lies a fixed distance above the clients'. */
async function freePortPair(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port + BUS_PORT_DISTANCE <= 65_535 && (await isPortFree(port + BUS_PORT_DISTANCE))) return port;
  }
}
