import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentMessage } from '../../shared/protocol/native-message.ts';
import { echoGreeting, FRAME_BYTES, FRAME_MS, readMark, writeMark, type FrameMark } from './echo-frame.ts';
import type { LatencyRecorder } from './latency-recorder.ts';
import type { Meter } from './meter.ts';
import { Pacer } from './pacer.ts';
import { WireCaller } from './wire-caller.ts';
import { inParallel, lineOf, type CallerLine, type Workload, type WorkloadOptions } from './workload.ts';

/** Connecting at once. */
const OPENING = 16;
const ECHO_WITHIN_MS = 15_000;
/** After the last frame, nothing heard for so long: what did not come will not. */
const QUIET_MS = 500;
const DRAIN_MS = 5000;
/** Every session's engines: the echo hears and speaks, the others are there and do nothing. */
const ENGINES = { voice_activity: 'echo', synthesizer: 'echo', recognizer: 'scripted', responder: 'scripted' };

export interface RelayNames {
  /** From when a frame was to be sent until its echo came. */
  readonly latency: string;
  /** From when it was sent: less what the generator was late by. */
  readonly wire: string;
  /** Prefix of what is counted. */
  readonly counts: string;
}

const NAMES: RelayNames = { latency: 'added', wire: 'wire', counts: '' };

/** One caller whose agent echoes. */
class RelayCaller {
  readonly key = Math.floor(Math.random() * 0x7fff_ffff);
  sent = 0;
  heard = 0;
  #nextNumber = 0;
  #caller: WireCaller | undefined;
  #echoes: () => void = () => undefined;
  readonly #latency: LatencyRecorder;
  readonly #wire: LatencyRecorder;
  readonly #meter: Meter;
  readonly #prefix: string;

  constructor(meter: Meter, { latency, wire, counts }: RelayNames) {
    this.#meter = meter;
    this.#latency = meter.series(latency);
    this.#wire = meter.series(wire);
    this.#prefix = counts;
  }

  /** Resolves once the agent echoes. */
  async open(line: CallerLine, priority: number): Promise<void> {
    const agent = { instructions: 'echo', greeting: echoGreeting(this.key), engines: ENGINES };
    const echoes = new Promise<void>((resolve) => {
      this.#echoes = resolve;
    });
    this.#caller = await WireCaller.call({
      ...line, priority, session: { agent, priority },
      listener: {
        onAudio: (message, at) => this.#audio(message, at),
        onNotice: (notice) => this.#notice(notice),
        onClose: (code, reason) => this.#meter.fault(`${this.#prefix}closed ${code}`, `a call was closed with ${code} "${reason}"`),
      },
    });
    // A binary message is what makes the agent's audio come in binary; it is silence, so no echo comes of it.
    this.#caller.sendAudio(FRAME_BYTES, (frame, at) => frame.fill(0, at, at + FRAME_BYTES));
    await Promise.race([echoes, sleep(ECHO_WITHIN_MS, undefined, { ref: false }).then(() => Promise.reject(new Error(`no echo within ${ECHO_WITHIN_MS / 1000} s: has the fleet the engine "echo" (ENGINE_MODULES)?`)))]);
  }

  send(intendedMs: number): void {
    const mark: FrameMark = { key: this.key, number: this.sent, intendedMs, sentMs: performance.now() };
    if (this.#caller?.sendAudio(FRAME_BYTES, (frame, at) => writeMark(frame, at, mark)) === true) {
      this.sent += 1;
      this.#meter.count(`${this.#prefix}frames sent`);
    } else {
      this.#meter.count(`${this.#prefix}frames not sent`);
    }
  }

  /** Counts what never came. */
  account(): void {
    this.#meter.count(`${this.#prefix}frames to open`);
    const lost = this.sent - this.heard;
    if (lost > 0) this.#meter.count(`${this.#prefix}frames lost`, lost);
    if (this.#caller !== undefined && this.#caller.missedMessages > 0) this.#meter.count(`${this.#prefix}agent messages missed`, this.#caller.missedMessages);
  }

  async hangUp(): Promise<void> {
    await this.#caller?.hangUp();
  }

  /** Several frames may come in one message. */
  #audio(message: Buffer, from: number): void {
    this.#echoes();
    const nowMs = performance.now();
    for (let at = from; at + FRAME_BYTES <= message.length; at += FRAME_BYTES) {
      const mark = readMark(message, at);
      if (mark?.key === this.key) this.#echo(mark, nowMs);
    }
  }

  #echo({ number, intendedMs, sentMs }: FrameMark, nowMs: number): void {
    this.heard += 1;
    this.#meter.count(`${this.#prefix}frames heard`);
    if (number < this.#nextNumber) this.#meter.count(`${this.#prefix}frames out of order`);
    this.#nextNumber = Math.max(this.#nextNumber, number + 1);
    this.#latency.record(nowMs - intendedMs);
    this.#wire.record(nowMs - sentMs);
  }

  #notice(notice: AgentMessage): void {
    if (notice.type === 'audio') this.#echoes();
    if (notice.type === 'error') this.#meter.fault(`${this.#prefix}error ${notice.code}`, `${notice.code}: ${notice.message}`);
  }
}

/**
 * Callers whose every 20 ms frame is echoed by the agent at once (`echo-engine.ts`): what is measured is the way of a frame
 * through the whole fleet and back, without the time of any engine.
 */
export class RelayWorkload implements Workload {
  readonly #options: WorkloadOptions;
  readonly #callers: RelayCaller[];
  readonly #pacer: Pacer;
  readonly #priority: number;

  /** `priority` of all callers; `names` where several such workloads share a meter. */
  constructor(options: WorkloadOptions, meter: Meter, priority = 1, names = NAMES, lateness = meter.lateness) {
    this.#options = options;
    this.#priority = priority;
    this.#callers = Array.from({ length: options.callers }, () => new RelayCaller(meter, names));
    this.#pacer = new Pacer({
      members: options.callers, periodMs: FRAME_MS, lateness,
      onTurn: (member, dueMs) => this.#callers[member]?.send(dueMs),
    });
  }

  async open(): Promise<void> {
    const { firstCaller } = this.#options;
    await inParallel(this.#callers.length, OPENING, async (at) => this.#callers[at]?.open(lineOf(this.#options, firstCaller + at), this.#priority));
  }

  start(): void {
    this.#pacer.start(performance.now());
  }

  async stop(): Promise<void> {
    this.#pacer.stop();
    const untilMs = performance.now() + DRAIN_MS;
    for (let heard = -1; performance.now() < untilMs && this.#isAwaiting(); heard = this.#heard()) {
      if (heard === this.#heard()) break;
      await sleep(QUIET_MS);
    }
    for (const caller of this.#callers) caller.account();
  }

  async close(): Promise<void> {
    await inParallel(this.#callers.length, OPENING, async (at) => this.#callers[at]?.hangUp());
  }

  #heard(): number {
    return this.#callers.reduce((sum, { heard }) => sum + heard, 0);
  }

  #isAwaiting(): boolean {
    return this.#callers.some(({ sent, heard }) => heard < sent);
  }
}
