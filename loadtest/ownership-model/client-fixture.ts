import assert from 'node:assert/strict';
import { EgressOrder } from '../../shared/client/egress-order.ts';
import { KeptMessages } from '../../shared/client/kept-messages.ts';
import { DEFAULT_AUDIO_FORMAT } from '../../shared/protocol/audio-format.ts';
import { pack } from '../../shared/protocol/structured.ts';
import type { ModelConnection } from './gateway-fixture.ts';
import type { Process } from './network-fixture.ts';
import type { World } from './world-fixture.ts';

/** What a gateway tells a client; `fence`, for the invariants alone, is the owner's it comes from. */
export type ClientMessage =
  | { readonly type: 'ready'; readonly committed: number; readonly received: number }
  | { readonly type: 'ack'; readonly committed: number }
  | { readonly type: 'speech'; readonly seq: number; readonly fence: number; readonly count: number }
  | { readonly type: 'text'; readonly seq: number; readonly fence: number; readonly content: string; readonly re: number }
  | { readonly type: 'replaced' };

/** The caller: numbers and keeps what it says, connects anew, accepts each agent message once. */
export class ModelClient implements Process {
  readonly id = 'client';
  isDead = false;
  isFrozen = false;
  /** Speech accepted, by the owner's fence: each owner counts its own. */
  readonly heard = new Map<number, number>();
  readonly answers = new Map<string, number>();
  /** Faults that come together may cost speech and answers. */
  isLenient = false;
  said = 0;
  readonly saidTexts: number[] = [];
  connection: ModelConnection | undefined;
  /** Being opened while the other one stands. */
  next: ModelConnection | undefined;
  readonly #world: World;
  readonly #order = new EgressOrder();
  readonly #kept = new KeptMessages({ maxAudioMs: 60_000, maxBytes: 10_000_000 }, () => assert.fail('the client gave something up'));
  #newestFence = 0;
  #isReady = false;

  constructor(world: World) {
    this.#world = world;
  }

  get after(): number {
    return this.#order.last;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  sayAudio(): void {
    this.#kept.addAudio(pack(this.said));
    this.said += 1;
    this.#flush();
  }

  sayText(): void {
    this.saidTexts.push(this.said);
    this.#kept.addText(String(this.said));
    this.said += 1;
    this.#flush();
  }

  /** Both connections break, or the one that stands alone. */
  cut(connection: ModelConnection): void {
    if (this.connection === connection) {
      this.connection = undefined;
      this.#isReady = false;
    }
    if (this.next === connection) this.next = undefined;
  }

  onMessage(connection: ModelConnection, message: ClientMessage): void {
    if (connection !== this.connection && connection !== this.next) return;
    switch (message.type) {
      case 'ready':
        return this.#begin(connection, message);
      case 'ack':
        return this.#kept.commit(message.committed);
      case 'replaced':
        return this.#world.hangUp(connection);
      default:
        return this.#accept(message);
    }
  }

  #begin(connection: ModelConnection, place: { committed: number; received: number }): void {
    const old = this.connection;
    this.connection = connection;
    this.next = undefined;
    if (old !== undefined && old !== connection) this.#world.hangUp(old);
    this.#isReady = true;
    this.#kept.begin(place, DEFAULT_AUDIO_FORMAT);
    // The connection before may have brought more since this one was asked for.
    this.#world.toGateway(connection, JSON.stringify({ type: 'ack', seq: this.#order.last }));
    this.#flush();
  }

  #accept(message: Extract<ClientMessage, { fence: number }>): void {
    if (!this.#order.admit(message.seq) && this.#world.flaws.duplicatesAreTaken !== true) return;
    assert.ok(message.fence >= this.#newestFence, `two owners are heard: fence ${message.fence} after ${this.#newestFence}`);
    this.#newestFence = message.fence;
    if (message.type === 'text') {
      this.#kept.answered(message.re);
      const answered = (this.answers.get(message.content) ?? 0) + 1;
      this.answers.set(message.content, answered);
      assert.ok(answered === 1 || this.isLenient, `answered more than once: ${message.content}`);
    } else {
      const before = this.heard.get(message.fence) ?? 0;
      assert.ok(message.count === before + 1 || this.isLenient, `of owner ${message.fence}, speech ${message.count} is heard after ${before}`);
      this.heard.set(message.fence, message.count);
    }
    if (message.seq % 3 === 0 && this.#isReady && this.connection !== undefined) this.#world.toGateway(this.connection, JSON.stringify({ type: 'ack', seq: this.#order.last }));
  }

  #flush(): void {
    if (this.connection === undefined || !this.#isReady) return;
    for (let message = this.#kept.take(); message !== undefined; message = this.#kept.take()) this.#world.toGateway(this.connection, message);
  }
}
