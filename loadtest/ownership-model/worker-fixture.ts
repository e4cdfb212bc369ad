import { Egress, SessionEgress } from '../../worker/egress.ts';
import { claimDoubt } from '../../worker/claim-doubt.ts';
import { AckLedger, type StoredIngress } from '../../worker/ack-ledger.ts';
import { Inbox, type IngressFrame } from '../../worker/inbox.ts';
import { standingOf } from '../../worker/turn/history.ts';
import type { ConversationItem } from '../../shared/session/record.ts';
import type { Lease, LeaseWrite } from '../../shared/session/store.ts';
import type { SessionConfig } from '../../shared/protocol/agent-config.ts';
import type { TextBody } from '../../shared/protocol/agent-event.ts';
import type { ClaimReply, ClaimRequest } from '../../shared/protocol/claim.ts';
import { ENVELOPE_FLAG, ENVELOPE_TYPE, holeOfFlags, readBatch, type Envelope } from '../../shared/protocol/envelope.ts';
import { pack, unpack } from '../../shared/protocol/structured.ts';
import { modelBus, type Process } from './network-fixture.ts';
import type { World } from './world-fixture.ts';

/** What one write to Redis is to bring there. */
interface Write {
  readonly items: readonly ConversationItem[];
  readonly stored: readonly StoredIngress[];
  readonly ingressSeq: number;
}

/** A session as its owner holds it. */
interface Seat {
  slot: number;
  connectionNo: number;
  readonly lease: Lease;
  readonly config: SessionConfig;
  readonly inbox: Inbox;
  readonly ledger: AckLedger;
  readonly egress: SessionEgress;
  readonly texts: ReadonlyMap<number, string>;
  items: readonly ConversationItem[];
  commitNo: number;
  ingressSeq: number;
  told: number;
  spoken: number;
  waiting: { readonly items: readonly ConversationItem[]; readonly stored: StoredIngress }[];
  /** Sent to Redis, not answered. */
  writing: Write | undefined;
}

/** Of the caller's audio every fourth piece is silence: acknowledged without a write. */
export function isSilence(said: number): boolean {
  return said % 4 === 3;
}

/** A worker with room for the one session: the product's parts, put together as its claims, sessions and conversation do. */
export class ModelWorker implements Process {
  readonly id: string;
  isDead = false;
  isFrozen = false;
  seat: Seat | undefined;
  readonly #world: World;
  readonly #egress: Egress;

  constructor(world: World, id: string) {
    this.#world = world;
    this.id = id;
    this.#egress = new Egress(modelBus((to, batch) => world.publish(this, to, batch)), () => undefined, () => undefined);
  }

  flush(): void {
    this.#egress.flush();
  }

  onBatch(batch: Uint8Array): void {
    readBatch(batch, (envelope) => this.#onEnvelope(envelope));
  }

  /** Asks again for what is missing. */
  tick(): void {
    const { seat } = this;
    if (seat?.inbox.mayAsk(this.#world.nowMs) === true) seat.egress.resend(seat.inbox.newest);
  }

  /** This process was cut off from the bus and is back. */
  busBack(): void {
    const { seat } = this;
    if (seat === undefined) return;
    seat.egress.repeat();
    seat.egress.ack(seat.told);
    seat.egress.resend(seat.inbox.newest);
  }

  /** The agent says something of its own accord. */
  speak(): void {
    const { seat } = this;
    if (seat === undefined) return;
    seat.spoken += 1;
    seat.egress.speech(pack({ fence: seat.lease.fence, count: seat.spoken }), 0, false, 1);
  }

  /** Looks at the oldest frame that waits. */
  work(): boolean {
    const frame = this.seat?.inbox.shift();
    if (this.seat === undefined || frame === undefined) return false;
    if (frame.type === ENVELOPE_TYPE.audio) this.#hear(this.seat, frame);
    else this.#read(this.seat, frame);
    if (this.#world.flaws.acksBeforeCommit === true) this.#acknowledge(this.seat, frame.seq);
    return true;
  }

  async answer(request: ClaimRequest): Promise<ClaimReply> {
    const { store, flaws, sessionId } = this.#world;
    if (flaws.staleOwnersAnswer !== true) await this.#dropIfLost(request);
    if (this.seat !== undefined) return this.#attach(this.seat, request);
    const claim = await store.claim(sessionId, this.id, { lost: request.lost, seenFence: request.seenFence, connectionNo: request.connectionNo });
    if (claim.outcome === 'replaced') return { ok: false, reason: 'replaced' };
    if (claim.outcome === 'held') return { ok: false, reason: 'held', owner: { workerId: claim.workerId, fence: claim.fence } };
    if (claim.outcome !== 'claimed') return { ok: false, reason: 'session_not_found' };
    const items = await store.items(sessionId);
    const { fence, config, progress, connectionNo } = claim;
    const start = { fence, address: request, seenSeq: request.seenEgressSeq, storedSeq: progress.egressSeq, format: config.output, replayMs: 60_000 };
    const seat: Seat = {
      slot: this.#world.newSlot(), connectionNo, lease: { sessionId, workerId: this.id, fence }, config, items,
      inbox: new Inbox(progress.ingressSeq), ledger: new AckLedger(progress.ingressSeq), egress: new SessionEgress(this.#egress, start),
      texts: standingOf(items).texts, commitNo: 0, ingressSeq: progress.ingressSeq, told: progress.ingressSeq, spoken: 0, waiting: [], writing: undefined,
    };
    this.seat = seat;
    return claimed(seat);
  }

  /** Sends what waits to Redis. `isAnswered` false: Redis took it and this worker never hears of it. */
  async write(isAnswered: boolean): Promise<void> {
    const { seat } = this;
    if (seat === undefined) return;
    const write = (seat.writing ??= gathered(seat));
    const answer = await this.#commit(seat, write);
    if (isAnswered) this.#written(seat, write, answer);
  }

  async renew(): Promise<void> {
    const { seat } = this;
    if (seat === undefined) return;
    const answer = await this.#world.store.renew(seat.lease, seat.commitNo);
    if (answer === 'lost') this.#drop();
    if (answer === 'behind') await this.write(true);
  }

  /** Gives the session up in order. */
  async handOff(): Promise<void> {
    await this.write(true);
    const { seat } = this;
    if (seat === undefined) return;
    this.seat = undefined;
    await this.#world.store.release(seat.lease, { ingressSeq: seat.ingressSeq, egressSeq: seat.egress.seq, commitNo: seat.commitNo });
    seat.egress.released();
    this.#world.farewells.push({ worker: this, say: () => seat.egress.released() });
  }

  #onEnvelope({ type, flags, slot, fence, seq, payload }: Envelope): void {
    const { seat } = this;
    const { flaws, nowMs } = this.#world;
    if (seat?.slot !== slot || seat.lease.fence !== fence) return;
    if (type === ENVELOPE_TYPE.received) return seat.egress.received(seq);
    if (type === ENVELOPE_TYPE.again) return void seat.egress.again(seq);
    if (type !== ENVELOPE_TYPE.audio && type !== ENVELOPE_TYPE.text) return;
    const hole = flaws.jumpsAreTaken === true ? seq : holeOfFlags(flags);
    const stamps = { receivedUs: 0, flushedUs: 0, arrivedUs: 0, takenUs: 0 };
    const isReplayed = (flags & ENVELOPE_FLAG.replayed) !== 0;
    const frame: IngressFrame = { type, lane: 'normal', seq, isReplayed, hole, payload: Uint8Array.from(payload), ...stamps };
    if (seat.inbox.push(frame) === 'jump' && seat.inbox.mayAsk(nowMs)) seat.egress.resend(seat.inbox.newest);
  }

  #hear(seat: Seat, { seq, payload }: IngressFrame): void {
    const said = unpack<number>(payload) ?? -1;
    seat.ledger.audioReceived(seq);
    if (!isSilence(said)) {
      seat.waiting.push({ items: [callerItem(said)], stored: { audio: seq } });
    } else if (![...seat.waiting.map(({ stored }) => stored), ...(seat.writing?.stored ?? [])].some(({ audio }) => audio !== undefined)) {
      seat.ledger.audioDone(seq);
      this.#acknowledge(seat, seat.ledger.committed);
    }
  }

  #read(seat: Seat, { seq, payload }: IngressFrame): void {
    const { content = '', answer } = unpack<TextBody>(payload) ?? {};
    const isAnswered = answer !== undefined && this.#world.flaws.answersAgain !== true;
    const stored = seat.texts.get(seq);
    seat.ledger.textReceived(seq);
    const words = stored ?? answer ?? `re:${content}`;
    if (!isAnswered) seat.egress.event({ type: 'text', content: words, re: seq });
    if (stored === undefined) {
      const items = [{ ...callerItem(Number(content)), seq }, { kind: 'agent', turn: 0, text: words, interrupted: false, atMs: 0 }] as const;
      seat.waiting.push({ items, stored: { text: seq } });
    } else {
      seat.ledger.textDone(seq);
      this.#acknowledge(seat, seat.ledger.committed);
    }
  }

  async #commit(seat: Seat, { items, ingressSeq }: Write): Promise<LeaseWrite> {
    const { store, flaws } = this.#world;
    const progress = { ingressSeq, egressSeq: seat.egress.seq };
    const commitNo = seat.commitNo + 1;
    const answer = await store.commit(seat.lease, commitNo, progress, items);
    if (answer !== 'behind') return answer;
    if (flaws.forgottenIsNotRestored === true) return 'ours';
    return store.restore(seat.lease, { config: seat.config, progress, commitNo, connectionNo: seat.connectionNo, items: [...seat.items, ...items] });
  }

  #written(seat: Seat, { items, stored, ingressSeq }: Write, answer: LeaseWrite): void {
    if (answer === 'lost') return this.#drop();
    seat.writing = undefined;
    seat.commitNo += 1;
    seat.ingressSeq = ingressSeq;
    seat.items = [...seat.items, ...items];
    for (const each of stored) seat.ledger.stored(each);
    this.#acknowledge(seat, seat.ledger.committed);
  }

  #acknowledge(seat: Seat, committed: number): void {
    if (committed <= seat.told) return;
    seat.told = committed;
    seat.egress.ack(committed);
  }

  #attach(seat: Seat, request: ClaimRequest): ClaimReply {
    if (request.connectionNo < seat.connectionNo) return { ok: false, reason: 'replaced' };
    seat.connectionNo = request.connectionNo;
    const { gatewayId, gatewaySlot } = seat.egress.address;
    if (gatewayId !== request.gatewayId || gatewaySlot !== request.gatewaySlot) {
      seat.slot = this.#world.newSlot();
      seat.egress.moveTo(request);
    }
    seat.egress.hold(request.seenEgressSeq, request.isResuming);
    seat.egress.open();
    return claimed(seat);
  }

  async #dropIfLost(request: ClaimRequest): Promise<void> {
    const doubt = this.seat === undefined ? 'none' : claimDoubt(this.seat.lease, request);
    if (doubt === 'lost') this.#drop();
    if (doubt === 'doubted') await this.renew();
  }

  #drop(): void {
    const { seat } = this;
    this.seat = undefined;
    if (seat === undefined) return;
    seat.egress.released();
    this.#world.farewells.push({ worker: this, say: () => seat.egress.released() });
  }
}

function claimed({ slot, lease, inbox, told, ledger }: Seat): ClaimReply {
  const { workerId, fence } = lease;
  return { ok: true, workerId, fence, workerSlot: slot, committedIngressSeq: Math.max(told, ledger.committed), receivedIngressSeq: inbox.newest };
}

function gathered(seat: Seat): Write {
  const stored = seat.waiting.map((each) => each.stored);
  const items = seat.waiting.flatMap((each) => each.items);
  seat.waiting = [];
  return { items, stored, ingressSeq: Math.max(seat.ingressSeq, seat.ledger.committedWith(stored)) };
}

function callerItem(said: number): Extract<ConversationItem, { kind: 'caller' }> {
  return { kind: 'caller', turn: 0, text: String(said), atMs: 0 };
}
