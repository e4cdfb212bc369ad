import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProcess, type RunningProcess } from '../../deploy/local/processes.ts';

const READY_WITHIN_MS = 60_000;
const ASK_INTERVAL_MS = 50;
const ANSWER_WITHIN_MS = 1000;

/** A replica that comes is served at once; usually others are waited for that might come as well. */
const QUICK_REPLICAS = ['--repl-diskless-sync-delay', '0'];

/** One redis-server of several. */
export interface RedisNode {
  readonly port: number;
  readonly process: RunningProcess;
}

/** Starts a redis-server, in memory only; what it must write it writes to `folder`. Throws StartError. */
export async function redisServer(folder: string, port: number, flags: readonly string[] = []): Promise<RedisNode> {
  const process = await startProcess({
    name: `redis-${port}`, command: 'redis-server', readyTimeoutMs: READY_WITHIN_MS,
    args: ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder, '--dbfilename', `${port}.rdb`, ...QUICK_REPLICAS, ...flags],
    isReady: async (pid) => (await redisAsk(port, ['INFO', 'server'])).includes(`process_id:${pid}\r\n`),
  });
  return { port, process };
}

/** Asks a server one question; answers the bytes it sent as text, '' where it did not answer. */
export async function redisAsk(port: number, words: readonly string[]): Promise<string> {
  const socket = createConnection({ host: '127.0.0.1', port, timeout: ANSWER_WITHIN_MS }).setEncoding('utf8');
  socket.once('timeout', () => socket.destroy());
  let answer = '';
  socket.on('data', (text: string) => { answer += text; });
  socket.end([`*${words.length}`, ...words.flatMap((word) => [`$${Buffer.byteLength(word)}`, word]), ''].join('\r\n'));
  try {
    await once(socket, 'close');
  } catch (error) {
    // Not listening (yet, or any more): no answer is what the caller is to see.
    if (error instanceof Error) return '';
    throw error;
  }
  return answer;
}

/** Asks until the answer is as wanted. Throws with the last answer where it does not in time. */
export async function untilAnswer(port: number, words: readonly string[], wanted: RegExp | ((answer: string) => boolean), withinMs: number): Promise<string> {
  const deadline = performance.now() + withinMs;
  const isWanted = typeof wanted === 'function' ? wanted : (text: string): boolean => wanted.test(text);
  let answer = await redisAsk(port, words);
  while (!isWanted(answer)) {
    if (performance.now() > deadline) throw new Error(`${words.join(' ')} of port ${port} was not as wanted (${String(wanted)}) after ${withinMs} ms but ${answer}`);
    await sleep(ASK_INTERVAL_MS);
    answer = await redisAsk(port, words);
  }
  return answer;
}
