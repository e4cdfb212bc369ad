import { fileURLToPath } from 'node:url';
import { createLog } from '../shared/runtime/log.ts';
import { connectRedis, type Redis } from '../shared/session/redis.ts';
import { SessionStore } from '../shared/session/store.ts';
import { freePort, startNats, startProcess, startRedis, TIER_FLAGS } from '../shared/testing/servers.ts';
import { agentConfig, GatewayFixture, sessionConfig } from './gateway-fixture.ts';

const WORKER_MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

type Server = Awaited<ReturnType<typeof startNats>>;
export type WorkerProcess = Awaited<ReturnType<typeof startProcess>>;

/** Real worker processes with scripted engines, their NATS and Redis, and gateways that are the test itself. */
export class WorkerFixture {
  readonly store: SessionStore;
  readonly #redis: Redis;
  readonly #workers: WorkerProcess[] = [];
  readonly #gateways: GatewayFixture[] = [];
  #nats: Server;
  #redisServer: Server;

  constructor(nats: Server, redisServer: Server, redis: Redis) {
    this.#nats = nats;
    this.#redisServer = redisServer;
    this.#redis = redis;
    this.store = new SessionStore(redis, { leaseMs: 5000, ttlMs: 60_000, retentionMs: 60_000 });
  }

  static async start(): Promise<WorkerFixture> {
    const [nats, redisServer] = await Promise.all([startNats(), startRedis()]);
    return new WorkerFixture(nats, redisServer, await connectRedis(redisServer.url, createLog({ tier: 'test', id: 'test', level: 'error' })));
  }

  /** Starts a worker and waits until it is ready; on the fixture's NATS unless `env` names another. */
  async startWorker(workerId: string, env: Record<string, string> = {}): Promise<WorkerProcess> {
    const port = await freePort();
    const worker = await startProcess({
      name: workerId,
      command: process.execPath,
      args: [...TIER_FLAGS, WORKER_MAIN],
      env: {
        NATS_URL: this.#nats.url, REDIS_URL: this.#redisServer.url, WORKER_ID: workerId, ADMIN_PORT: String(port), LOG_LEVEL: 'warn',
        SYNTHESIZER_ENGINE: 'scripted', RECOGNIZER_ENGINE: 'scripted', VOICE_ACTIVITY_ENGINE: 'scripted', ...env,
      },
      readyUrl: `http://127.0.0.1:${port}/health/ready`,
    });
    this.#workers.push(worker);
    return worker;
  }

  /** A session, and a gateway of its own for its caller. */
  async caller(sessionId: string, agent = agentConfig(), gatewayId = `gateway-${sessionId}`): Promise<GatewayFixture> {
    await this.store.create(sessionConfig(sessionId, agent));
    return this.gateway(gatewayId);
  }

  /** One more gateway. */
  async gateway(gatewayId: string): Promise<GatewayFixture> {
    const gateway = await GatewayFixture.connect(this.#nats.url, gatewayId);
    this.#gateways.push(gateway);
    return gateway;
  }

  /** A gateway dies. */
  async lose(gateway: GatewayFixture): Promise<void> {
    this.#gateways.splice(this.#gateways.indexOf(gateway), 1);
    await gateway.bus.close();
  }

  /** Kills the NATS server and, once `meanwhile` is over, starts it where it was. */
  async bounceNats(meanwhile: () => Promise<unknown>): Promise<void> {
    const { port } = this.#nats;
    await this.#nats.kill('SIGKILL');
    await meanwhile();
    this.#nats = await startNats({ port });
  }

  /** Redis dies and, once `meanwhile` is over, comes back where it was, knowing nothing. */
  async bounceRedis(meanwhile: () => Promise<unknown> = async () => undefined): Promise<void> {
    const { port } = this.#redisServer;
    await this.#redisServer.kill('SIGKILL');
    await meanwhile();
    this.#redisServer = await startRedis({ port });
  }

  async stop(): Promise<void> {
    await Promise.all(this.#gateways.map(({ bus }) => bus.close()));
    this.#redis.disconnect();
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    await Promise.all([this.#nats.stop(), this.#redisServer.stop()]);
  }
}
