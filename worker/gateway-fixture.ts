import { setTimeout as sleep } from 'node:timers/promises';
import { Batcher } from '../shared/bus/batcher.ts';
import { BusError, type Bus } from '../shared/bus/bus.ts';
import { connectBus } from '../shared/bus/nats-bus.ts';
import { attachSubject, claimSubject, endSubject, FLEET_SUBJECT, gatewaySubject, workerSubject } from '../shared/bus/subjects.ts';
import type { AgentConfig, SessionConfig } from '../shared/protocol/agent-config.ts';
import type { AgentEvent } from '../shared/protocol/agent-event.ts';
import { DEFAULT_AUDIO_FORMAT } from '../shared/protocol/audio-format.ts';
import type { ClaimReply, ClaimRequest } from '../shared/protocol/claim.ts';
import { ENVELOPE_TYPE, readBatch, type Envelope, type EnvelopeType } from '../shared/protocol/envelope.ts';
import type { WorkerHeartbeat } from '../shared/protocol/heartbeat.ts';
import { laneIndex, type Lane } from '../shared/protocol/lane.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import { nowMs, stampUs } from '../shared/runtime/clock.ts';
import { isIncarnationOf } from '../shared/runtime/incarnation.ts';
import { createLog } from '../shared/runtime/log.ts';

/** A worker that has much to do is waited for. */
const ANSWER_WITHIN_MS = 30_000;

type Claimed = Extract<ClaimReply, { ok: true }>;

/** An agent whose every engine is scripted, unless told otherwise. */
export function agentConfig(changes: Partial<AgentConfig> = {}): AgentConfig {
  const scripted = { voice_activity: 'scripted', recognizer: 'scripted', responder: 'scripted', synthesizer: 'scripted' };
  return { instructions: '', language: 'en-US', hints: [], engines: scripted, speak_text: false, ...changes };
}

/** A session's configuration as a gateway would store it. */
export function sessionConfig(sessionId: string, agent: AgentConfig): SessionConfig {
  const { input, output } = { input: DEFAULT_AUDIO_FORMAT, output: DEFAULT_AUDIO_FORMAT };
  return { sessionId, tags: [], lane: 'normal', agent, input, output, tokenHash: '', createdAtMs: nowMs() };
}

/** A gateway for one caller, without sockets: what a worker sees of one, over the real bus. */
export class GatewayFixture {
  readonly id: string;
  readonly bus: Bus;
  readonly received: Envelope[] = [];
  readonly #slot: number;
  /** Workers heard of, by incarnation. */
  readonly #fleet = new Set<string>();
  readonly #watchers = new Set<() => void>();
  #claim: Claimed | undefined;
  #batcher: Batcher | undefined;
  #seq = 0;

  constructor(id: string, slot: number, bus: Bus) {
    this.id = id;
    this.#slot = slot;
    this.bus = bus;
    bus.subscribe(gatewaySubject(id), ({ data }) => {
      readBatch(data, (envelope) => this.received.push({ ...envelope, payload: Uint8Array.from(envelope.payload) }));
      this.#wake();
    });
    bus.subscribe(FLEET_SUBJECT, ({ data }) => {
      const heartbeat = unpack<WorkerHeartbeat>(data);
      if (heartbeat !== undefined) this.#fleet.add(heartbeat.workerId);
      this.#wake();
    });
    bus.onConnection(() => this.#wake());
  }

  static async connect(natsUrl: string, id: string, slot = 7): Promise<GatewayFixture> {
    const log = createLog({ tier: 'test', id, level: 'error' });
    return new GatewayFixture(id, slot, await connectBus({ url: natsUrl, name: id, log }));
  }

  get claimed(): Claimed {
    if (this.#claim === undefined) throw new Error('nothing is claimed yet');
    return this.#claim;
  }

  /** The last egress seq that came. */
  get seenEgressSeq(): number {
    return Math.max(0, ...this.said().map(({ seq }) => seq));
  }

  /** Asks any worker for the session, or the one of this id or incarnation. */
  async claim(sessionId: string, changes: Partial<ClaimRequest> = {}, workerId?: string): Promise<ClaimReply> {
    const request: ClaimRequest = {
      sessionId, gatewayId: this.id, gatewaySlot: this.#slot, lane: 'normal', listening: true,
      connectionNo: 1, seenEgressSeq: 0, isResuming: false, seenFence: 0, ...changes,
    };
    const subject = workerId === undefined ? claimSubject(request.lane) : attachSubject(await this.#incarnation(workerId));
    const reply = unpack<ClaimReply>(await this.bus.request(subject, pack(request), ANSWER_WITHIN_MS));
    if (reply === undefined) throw new Error('the claim was answered with something unreadable');
    if (reply.ok) {
      this.#claim = reply;
      this.#seq = Math.max(this.#seq, reply.receivedIngressSeq);
      this.#batcher = this.#batcherTo(workerSubject(reply.workerId));
    }
    return reply;
  }

  async end(sessionId: string): Promise<void> {
    await this.bus.request(endSubject(this.claimed.workerId), pack({ sessionId }), ANSWER_WITHIN_MS);
  }

  /** Sends one envelope; audio and text are numbered on, unless `changes` have a seq. Answers with its seq. */
  send(type: EnvelopeType, payload: Uint8Array, lane: Lane = 'normal', changes: Partial<Envelope> = {}): number {
    const isNumbered = changes.seq === undefined && (type === ENVELOPE_TYPE.audio || type === ENVELOPE_TYPE.text);
    if (isNumbered) this.#seq += 1;
    const seq = changes.seq ?? (isNumbered ? this.#seq : 0);
    const { workerSlot: slot, fence } = this.claimed;
    this.#batcher?.add({
      type, lane: laneIndex(lane), flags: 0, slot, fence, seq, stampUs: stampUs(nowMs()), mediaMs: 0, payload, ...changes,
    });
    return seq;
  }

  text(content: string, lane: Lane = 'normal', changes: Partial<Envelope> = {}): number {
    return this.send(ENVELOPE_TYPE.text, pack({ content }), lane, changes);
  }

  /** Says something beside audio and text. */
  control(type: EnvelopeType, seq = 0): void {
    this.send(type, new Uint8Array(), 'control', { seq });
  }

  /** Waits until NATS knows that the claimed worker, which was killed, is gone: what it said before that has come by then. */
  async untilSilent(): Promise<void> {
    while (await this.bus.hasListener(workerSubject(this.claimed.workerId), new Uint8Array(0))) await sleep(20);
  }

  /** Everything numbered that came, in the order it came. */
  said(): Envelope[] {
    return this.received.filter(({ type }) => type === ENVELOPE_TYPE.event || type === ENVELOPE_TYPE.speech);
  }

  /** What the agent said so far, as events. */
  events(): AgentEvent[] {
    return this.received
      .filter(({ type }) => type === ENVELOPE_TYPE.event)
      .map(({ payload }) => unpack<AgentEvent>(payload))
      .filter((event) => event !== undefined);
  }

  /** Waits until what was received satisfies `find`; the test's own time limit is the limit. */
  async until<T>(find: () => T | undefined | false): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined && found !== false) return found;
      await new Promise<void>((resolve) => {
        const watcher = (): void => {
          this.#watchers.delete(watcher);
          resolve();
        };
        this.#watchers.add(watcher);
      });
    }
  }

  /** The running process of a worker's id, once it was heard of; an incarnation is its own answer. */
  async #incarnation(workerId: string): Promise<string> {
    return this.until(() => [...this.#fleet].find((known) => known === workerId || isIncarnationOf(known, workerId)));
  }

  #wake(): void {
    for (const watcher of this.#watchers) watcher();
  }

  #batcherTo(subject: string): Batcher {
    return new Batcher((batch) => {
      if (!this.bus.publish(subject, batch)) throw new BusError('disconnected', subject);
    });
  }
}
