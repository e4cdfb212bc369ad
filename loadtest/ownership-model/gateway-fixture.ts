import { SlabMemory } from '../../shared/bus/slab-memory.ts';
import { EgressOrder } from '../../gateway/egress-order.ts';
import { Ingress } from '../../gateway/ingress.ts';
import { ReplayRing } from '../../gateway/replay-ring.ts';
import { ReplaySlices } from '../../gateway/replay-slices.ts';
import { Uplink } from '../../gateway/uplink.ts';
import type { AgentEvent } from '../../shared/protocol/agent-event.ts';
import { readBinaryFrame } from '../../shared/protocol/binary-frame.ts';
import type { ClaimReply, ClaimRequest } from '../../shared/protocol/claim.ts';
import { ENVELOPE_FLAG, ENVELOPE_TYPE, readBatch, type Envelope } from '../../shared/protocol/envelope.ts';
import { pack, unpack } from '../../shared/protocol/structured.ts';
import type { ClientMessage } from './client-fixture.ts';
import { modelBus, type Process } from './network-fixture.ts';
import type { World } from './world-fixture.ts';

/** What travels here are views, not copies: no memory is used again. */
const NO_SPARE_MEMORY = new SlabMemory(0);
const RING = { maxAudioMs: 60_000, maxAudioBytes: 10_000_000, maxTextBytes: 10_000_000 };

interface Owner {
  readonly workerId: string;
  readonly fence: number;
}

type State = { kind: 'claiming'; asked: number; owner: Owner | undefined; lost: Owner | undefined; early: Envelope[] } | { kind: 'attached'; owner: Owner } | { kind: 'closed' };

/** A gateway: its connections, and the product's way to the workers. */
export class ModelGateway implements Process {
  readonly id: string;
  isDead = false;
  isFrozen = false;
  readonly connections = new Map<number, ModelConnection>();
  readonly world: World;
  readonly ingress: Ingress;
  readonly slices = new ReplaySlices();

  constructor(world: World, id: string) {
    this.world = world;
    this.id = id;
    this.ingress = new Ingress(modelBus((to, batch) => world.publish(this, to, batch)), id);
  }

  /** A caller's connection, `after` an egress seq; `owner` as its record names it. */
  open(connectionNo: number, after: number, owner: Owner | undefined): ModelConnection {
    const connection = new ModelConnection(this, this.world.newSlot(), connectionNo, after, owner);
    this.connections.set(connection.slot, connection);
    return connection;
  }

  onBatch(batch: Uint8Array): void {
    readBatch(batch, (envelope) => this.connections.get(envelope.slot)?.onEgress({ ...envelope, payload: Uint8Array.from(envelope.payload) }));
  }

  flush(): void {
    this.ingress.flush();
  }

  tick(): void {
    for (const connection of this.connections.values()) connection.askAgain();
  }

  busBack(): void {
    for (const connection of this.connections.values()) connection.busBack();
  }
}

/** One connection as `gateway/connection.ts` serves it: the product's uplink and order of egress under a smaller state machine. */
export class ModelConnection {
  readonly slot: number;
  readonly gateway: ModelGateway;
  readonly #connectionNo: number;
  readonly #uplink: Uplink;
  readonly #order: EgressOrder;
  #state: State;
  #seenFence: number;
  #isReady = false;

  constructor(gateway: ModelGateway, slot: number, connectionNo: number, after: number, owner: Owner | undefined) {
    this.gateway = gateway;
    this.slot = slot;
    this.#connectionNo = connectionNo;
    this.#seenFence = owner?.fence ?? 0;
    this.#order = new EgressOrder(after);
    this.#uplink = new Uplink({ ring: new ReplayRing(RING, NO_SPARE_MEMORY), ingress: gateway.ingress, slices: gateway.slices, granted: 'normal', isNumbered: true });
    this.#state = { kind: 'claiming', asked: 0, owner, lost: undefined, early: [] };
  }

  get name(): string {
    return `${this.gateway.id}/${this.slot}`;
  }

  get owner(): Owner | undefined {
    return this.#state.kind === 'attached' ? this.#state.owner : undefined;
  }

  get isClosed(): boolean {
    return this.#state.kind === 'closed';
  }

  /** Sends a request; the one before is given up. `at` chooses who takes a claim that is for anybody. */
  ask(at: number): void {
    const state = this.#state;
    if (state.kind !== 'claiming') return;
    const { world } = this.gateway;
    const worker = state.owner === undefined ? world.anyWorker(at) : world.workerNamed(state.owner.workerId);
    if (worker === undefined || worker.isDead) {
      // Nobody listens there.
      if (state.owner !== undefined) this.#state = { ...state, lost: state.owner, owner: undefined };
      return;
    }
    const asked = world.newSlot();
    this.#state = { ...state, asked };
    const request: ClaimRequest = {
      sessionId: world.sessionId, gatewayId: this.gateway.id, gatewaySlot: this.slot, lane: 'normal', listening: true, connectionNo: this.#connectionNo,
      seenEgressSeq: this.#order.last, isResuming: true, seenFence: this.#seenFence, ...(state.lost === undefined ? {} : { lost: state.lost }),
    };
    world.request(this.gateway, worker, request, (reply) => this.#onReply(asked, reply));
  }

  /** The worker is taken for dead, rightly or not. */
  lose(workerId: string): void {
    if (this.owner?.workerId === workerId) this.#claim(this.owner);
  }

  askAgain(): void {
    if (this.#state.kind === 'attached' && this.#order.asks(this.gateway.world.nowMs)) this.#uplink.control(ENVELOPE_TYPE.again, this.#order.last);
  }

  busBack(): void {
    if (this.#state.kind !== 'attached') return;
    this.#uplink.resend();
    this.#uplink.control(ENVELOPE_TYPE.again, this.#order.last);
  }

  onClient(message: string | Uint8Array): void {
    if (this.isClosed) return;
    const frame = typeof message === 'string' ? textOf(message) : audioOf(message);
    if (frame === undefined) return this.#received((JSON.parse(String(message)) as { seq: number }).seq);
    if (!this.#uplink.isKnown(frame.seq)) this.#uplink.take({ ...frame, priority: 1, stampUs: 0, mediaMs: 0 });
  }

  #received(seq: number): void {
    this.#order.reached(seq);
    this.#uplink.control(ENVELOPE_TYPE.received, seq);
  }

  /** The socket is seen to be closed. */
  close(): void {
    const { owner } = this;
    if (owner !== undefined) this.#uplink.control(ENVELOPE_TYPE.gone);
    this.#uplink.detach();
    this.#state = { kind: 'closed' };
    this.gateway.connections.delete(this.slot);
  }

  onEgress(envelope: Envelope): void {
    const state = this.#state;
    if (state.kind === 'claiming') state.early.push(envelope);
    if (state.kind === 'attached' && (envelope.fence === state.owner.fence || this.gateway.world.flaws.anyFenceIsHeard === true)) this.#deliver(envelope);
  }

  #deliver(envelope: Envelope): void {
    const { type, seq, payload } = envelope;
    if (type === ENVELOPE_TYPE.ack) this.#acknowledged(seq);
    else if (type === ENVELOPE_TYPE.resend) this.#uplink.resendAfter(seq);
    else if (type === ENVELOPE_TYPE.released && payload.length > 0) this.#replaced();
    else if (type === ENVELOPE_TYPE.released) this.#claim(undefined);
    else this.#pass(envelope);
  }

  #pass({ type, flags, seq, fence, payload }: Envelope): void {
    const { flaws, nowMs } = this.gateway.world;
    const place = this.#order.place(seq, flaws.jumpsAreTaken === true ? flags | ENVELOPE_FLAG.gap : flags);
    if (place === 'hole' && this.#order.asks(nowMs)) this.#uplink.control(ENVELOPE_TYPE.again, this.#order.last);
    if (place !== 'next' && !(place === 'duplicate' && flaws.duplicatesAreTaken === true)) return;
    if (type === ENVELOPE_TYPE.speech) return this.#tell({ type: 'speech', seq, fence, count: unpack<{ count: number }>(payload)?.count ?? 0 });
    const event = unpack<AgentEvent>(payload);
    if (event?.type !== 'text') return;
    if (event.re !== undefined) this.#uplink.answered(event.re, event.content);
    this.#tell({ type: 'text', seq, fence, content: event.content, re: event.re ?? 0 });
  }

  #claim(lost: Owner | undefined): void {
    this.#state = { kind: 'claiming', asked: 0, owner: undefined, lost, early: [] };
    this.#uplink.detach();
  }

  #onReply(asked: number, reply: ClaimReply): void {
    const state = this.#state;
    if (state.kind !== 'claiming' || state.asked !== asked) return;
    if (!reply.ok) {
      if (reply.reason === 'replaced') return this.#replaced();
      this.#seenFence = Math.max(this.#seenFence, reply.owner?.fence ?? 0);
      this.#state = { ...state, owner: reply.owner };
      return;
    }
    const { workerId, fence, workerSlot, committedIngressSeq: committed, receivedIngressSeq: received } = reply;
    this.#seenFence = Math.max(this.#seenFence, fence);
    this.#state = { kind: 'attached', owner: { workerId, fence } };
    if (!this.#isReady) this.#tell({ type: 'ready', committed, received });
    this.#isReady = true;
    this.#order.restart();
    this.#uplink.attach({ workerId, workerSlot, fence }, reply);
    for (const envelope of state.early) this.onEgress(envelope);
  }

  #acknowledged(seq: number): void {
    if (this.#uplink.acknowledge(seq)) this.#tell({ type: 'ack', committed: seq });
  }

  #replaced(): void {
    this.#tell({ type: 'replaced' });
    this.#uplink.detach();
    this.#state = { kind: 'closed' };
    this.gateway.connections.delete(this.slot);
  }

  #tell(message: ClientMessage): void {
    this.gateway.world.toClient(this, message);
  }
}

interface Frame {
  readonly type: number;
  readonly seq: number;
  readonly isResent: boolean;
  readonly payload: Uint8Array;
  readonly audioMs: number;
}

function textOf(message: string): Frame | undefined {
  const { type, content, seq, resent } = JSON.parse(message) as { type: string; content: string; seq: number; resent?: boolean };
  return type === 'text' ? { type: ENVELOPE_TYPE.text, seq, isResent: resent === true, payload: pack({ content }), audioMs: 0 } : undefined;
}

function audioOf(message: Uint8Array): Frame {
  const frame = readBinaryFrame(message);
  if (typeof frame === 'string') throw new Error(`the client wrote a bad frame: ${frame}`);
  return { type: ENVELOPE_TYPE.audio, seq: frame.seq, isResent: (frame.flags ?? 0) !== 0, payload: frame.payload, audioMs: 20 };
}
