import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { recordKey } from '../../shared/session/record.ts';
import type { Memory, StoreFixture } from '../../shared/session/store-fixture.ts';
import type { SessionStore } from '../../shared/session/store.ts';
import type { ClaimReply, ClaimRequest } from '../../shared/protocol/claim.ts';
import { ModelClient, type ClientMessage } from './client-fixture.ts';
import { ModelGateway, type ModelConnection } from './gateway-fixture.ts';
import { Network, type Process } from './network-fixture.ts';
import { isSilence, ModelWorker } from './worker-fixture.ts';

/** What a broken variant leaves out, to show that the model notices. */
export interface Flaws {
  /** A gateway passes on what any owner says. */
  readonly anyFenceIsHeard?: boolean;
  /** Whoever sees a jump in the numbers takes it as meant. */
  readonly jumpsAreTaken?: boolean;
  /** What was passed on before is passed on again. */
  readonly duplicatesAreTaken?: boolean;
  /** A worker acknowledges what it has heard, stored or not. */
  readonly acksBeforeCommit?: boolean;
  /** A new owner answers texts whose answers were passed on. */
  readonly answersAgain?: boolean;
  /** An owner that Redis forgot goes on as if nothing had happened. */
  readonly forgottenIsNotRestored?: boolean;
  /** An owner answers claims that know of a later one. */
  readonly staleOwnersAnswer?: boolean;
  /** What a worker says last of a session is never said again. */
  readonly lastWordsAreSaidOnce?: boolean;
}

const TICK_MS = 100;
const WORKERS = ['a', 'b', 'c'] as const;
const GATEWAYS = ['x', 'y'] as const;
/** Rounds without faults after which everything must have come to rest. */
const MOST_QUIET_ROUNDS = 60;

/** One session with its caller, two gateways, three workers, the bus between them and a real Redis. */
export class World {
  readonly flaws: Flaws;
  readonly sessionId: string;
  readonly store: SessionStore;
  readonly client: ModelClient;
  readonly farewells: { readonly worker: ModelWorker; readonly say: () => void }[] = [];
  nowMs = 0;
  readonly #fixture: StoreFixture;
  readonly #network = new Network();
  readonly #workers: ModelWorker[];
  readonly #gateways: ModelGateway[];
  #memory: Memory = [];
  #slots = 0;
  #starts = 0;

  private constructor(fixture: StoreFixture, sessionId: string, flaws: Flaws) {
    this.#fixture = fixture;
    this.store = fixture.store;
    this.sessionId = sessionId;
    this.flaws = flaws;
    this.client = new ModelClient(this);
    this.#workers = WORKERS.map((name) => new ModelWorker(this, this.#newId(name)));
    this.#gateways = GATEWAYS.map((name) => new ModelGateway(this, this.#newId(name)));
  }

  static async create(fixture: StoreFixture, flaws: Flaws): Promise<World> {
    const world = new World(fixture, await fixture.newSession(), flaws);
    await world.replicate();
    return world;
  }

  newSlot(): number {
    return (this.#slots += 1);
  }

  workerNamed(id: string): ModelWorker | undefined {
    return this.#workers.find((worker) => worker.id === id);
  }

  anyWorker(at: number): ModelWorker | undefined {
    return this.#workers[at % this.#workers.length];
  }

  publish(from: Process, to: string, batch: Uint8Array): void {
    const target = [...this.#workers, ...this.#gateways].find(({ id }) => id === to);
    if (target !== undefined && !from.isDead) this.#network.send(from.id, target, true, () => target.onBatch(batch));
  }

  request(gateway: ModelGateway, worker: ModelWorker, request: ClaimRequest, onReply: (reply: ClaimReply) => void): void {
    this.#network.send(gateway.id, worker, true, async () => {
      const reply = await worker.answer(request);
      worker.flush();
      if (!worker.isDead) this.#network.send(worker.id, gateway, true, () => onReply(reply));
    });
  }

  toClient(connection: ModelConnection, message: ClientMessage): void {
    this.#network.send(connection.name, this.client, false, () => this.client.onMessage(connection, message));
  }

  toGateway(connection: ModelConnection, message: string | Uint8Array): void {
    const socket: Process = connection.gateway;
    this.#network.send(`client:${connection.name}`, socket, false, () => connection.onClient(message));
  }

  /** The client leaves a connection, or it breaks: the gateway learns of it later. */
  hangUp(connection: ModelConnection): void {
    this.client.cut(connection);
    this.#network.cut(connection.name, this.client.id);
    this.#network.send(`client:${connection.name}`, connection.gateway, false, () => connection.close());
  }

  /** The client opens a connection, beside the one that stands or in place of one that never got ready. */
  async connect(at: number): Promise<void> {
    const gateway = this.#gateways[at % this.#gateways.length];
    if (gateway === undefined || gateway.isFrozen) return;
    if (this.client.next !== undefined) this.hangUp(this.client.next);
    if (this.client.connection !== undefined && !this.client.isReady) this.hangUp(this.client.connection);
    const outcome = await this.store.connect(this.sessionId, { presentedHash: undefined, nextHash: undefined, tokenTtlMs: 60_000 });
    const record = await this.store.load(this.sessionId);
    assert.ok(outcome.outcome === 'connected' && record !== undefined);
    const owner = record.owner === '' ? undefined : { workerId: record.owner, fence: record.fence };
    this.client.next = gateway.open(outcome.connectionNo, this.client.after, owner);
  }

  ask(at: number): void {
    for (const gateway of this.#gateways) if (!gateway.isFrozen) for (const connection of gateway.connections.values()) connection.ask(at);
  }

  /** A gateway takes a worker for dead. */
  lose(at: number): void {
    const gateway = this.#gateways[at % this.#gateways.length];
    if (gateway?.isFrozen === false) for (const connection of gateway.connections.values()) connection.lose(connection.owner?.workerId ?? '');
  }

  /** Steps of the worker that is counted round; nothing where it is frozen. */
  async withWorker(at: number, act: (worker: ModelWorker) => unknown): Promise<void> {
    const worker = this.anyWorker(at);
    if (worker?.isFrozen === false) await act(worker);
  }

  crashWorker(at: number): void {
    const worker = this.anyWorker(at);
    const place = at % WORKERS.length;
    if (worker === undefined) return;
    worker.isDead = true;
    worker.seat = undefined;
    this.#workers[place] = new ModelWorker(this, this.#newId(WORKERS[place] ?? ''));
  }

  crashGateway(at: number): void {
    const place = at % GATEWAYS.length;
    const gateway = this.#gateways[place];
    if (gateway === undefined) return;
    gateway.isDead = true;
    for (const connection of gateway.connections.values()) this.hangUp(connection);
    this.#gateways[place] = new ModelGateway(this, this.#newId(GATEWAYS[place] ?? ''));
  }

  freezeWorker(at: number): void {
    const worker = this.anyWorker(at);
    if (worker !== undefined) worker.isFrozen = true;
  }

  freezeGateway(at: number): void {
    const gateway = this.#gateways[at % GATEWAYS.length];
    if (gateway !== undefined) gateway.isFrozen = true;
  }

  loseOnBus(at: number, count: number): void {
    this.#network.lose(at, count);
  }

  async deliver(at: number): Promise<boolean> {
    return this.#network.deliver(at);
  }

  async expireLease(): Promise<void> {
    await this.#fixture.redis.hset(recordKey(this.sessionId), 'lease_until_ms', 1);
  }

  /** A replica of Redis comes to know everything up to now. */
  async replicate(): Promise<void> {
    this.#memory = await this.#fixture.remember(this.sessionId);
  }

  /** Redis fails over to that replica. */
  async failOver(): Promise<void> {
    await this.#fixture.forget(this.sessionId, this.#memory);
  }

  /** After each step: time passes, what is due is sent. */
  async settle(): Promise<void> {
    this.nowMs += TICK_MS;
    for (const process of [...this.#workers, ...this.#gateways]) if (!process.isFrozen) process.tick();
    await turn();
    for (const process of [...this.#workers, ...this.#gateways]) process.flush();
  }

  /** No faults any more: everybody is back, and goes on until nothing is left to do. */
  async quiet(): Promise<void> {
    for (const process of [...this.#workers, ...this.#gateways]) process.isFrozen = false;
    this.#catchUp();
    for (let round = 0; round < MOST_QUIET_ROUNDS; round++) {
      await this.#quietRound(round);
      if (round > 8 && (await this.#isAtRest())) return;
    }
  }

  /** What must be true once everything has come to rest. */
  async check(): Promise<void> {
    const seat = await this.checkOwned();
    const stored = (await this.store.items(this.sessionId)).flatMap((item) => (item.kind === 'caller' ? [Number(item.text)] : []));
    const { said, saidTexts, answers, heard } = this.client;
    const expected = Array.from({ length: said }, (_, each) => each).filter((each) => saidTexts.includes(each) || !isSilence(each));
    assert.deepEqual(stored, expected, 'what the caller said is stored once and in order');
    assert.deepEqual([...answers.keys()], saidTexts.map((each) => `re:${each}`), 'each text is answered once, in order');
    assert.equal(heard.get(seat?.lease.fence ?? 0) ?? 0, seat?.spoken, 'all that the owner says is heard');
  }

  /** The caller is connected and one worker, the one that Redis knows, has the session. Answers what it holds. */
  async checkOwned(): Promise<ModelWorker['seat']> {
    const owners = this.#workers.filter(({ seat }) => seat !== undefined);
    const record = await this.store.load(this.sessionId);
    assert.ok(this.client.isReady, 'the caller has no connection that works');
    assert.deepEqual([record?.owner], owners.map(({ id }) => id), 'one worker, the one in the record, owns the session');
    return owners[0]?.seat;
  }

  /** Clients of the bus that were cut off are back: they repeat what may be lost. */
  #catchUp(): void {
    for (const process of [...this.#workers, ...this.#gateways]) process.busBack();
    if (this.flaws.lastWordsAreSaidOnce !== true) for (const { worker, say } of this.farewells) if (!worker.isDead) say();
    for (const worker of this.#workers) worker.flush();
  }

  async #quietRound(round: number): Promise<void> {
    for (const gateway of this.#gateways) {
      for (const connection of gateway.connections.values()) {
        const workerId = connection.owner?.workerId ?? '';
        if (workerId !== '' && this.workerNamed(workerId) === undefined) connection.lose(workerId);
      }
    }
    if (!this.client.isReady && round % 4 === 0) await this.connect(round);
    this.ask(round);
    if (round === 6) this.client.sayText();
    for (const worker of this.#workers) if (round === 7) worker.speak();
    await this.settle();
    while (await this.deliver(0)) for (const process of [...this.#workers, ...this.#gateways]) process.flush();
    for (const worker of this.#workers) {
      while (worker.work()) worker.flush();
      await worker.write(true);
      await worker.renew();
    }
    await this.settle();
  }

  async #isAtRest(): Promise<boolean> {
    try {
      await this.check();
      return true;
    } catch (error) {
      if (error instanceof assert.AssertionError) return false;
      throw error;
    }
  }

  #newId(name: string): string {
    return `${name}${(this.#starts += 1)}`;
  }
}
