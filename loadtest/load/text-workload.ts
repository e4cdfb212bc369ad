import type { AgentMessage } from '../../shared/protocol/native-message.ts';
import { questionnaireOf, type Question } from '../text-questions.ts';
import type { Meter } from './meter.ts';
import { Pacer } from './pacer.ts';
import { WireCaller } from './wire-caller.ts';
import { inParallel, lineOf, type CallerLine, type Workload, type WorkloadOptions } from './workload.ts';
import { setTimeout as sleep } from 'node:timers/promises';

const OPENING = 16;
/** No answer for so long: what is missing will not come. */
const SILENCE_MS = 15_000;
const LOOK_EVERY_MS = 200;

/** One connection and what it asks. */
class TextCaller {
  readonly #questions: readonly Question[];
  readonly #meter: Meter;
  readonly #askedAtMs: number[] = [];
  readonly #inFlight: number;
  readonly #onAnswered: () => void;
  #caller: WireCaller | undefined;
  #ready: () => void = () => undefined;
  #answered = 0;

  /** `inFlight` 0: asks only when told to. */
  constructor(questions: readonly Question[], inFlight: number, meter: Meter, onAnswered: () => void) {
    this.#questions = questions;
    this.#inFlight = inFlight;
    this.#meter = meter;
    this.#onAnswered = onAnswered;
  }

  get isDone(): boolean {
    return this.#answered >= this.#questions.length;
  }

  get answered(): number {
    return this.#answered;
  }

  get missing(): number {
    return this.#askedAtMs.length - this.#answered;
  }

  async open(line: CallerLine, instructions: string): Promise<void> {
    const ready = new Promise<void>((resolve) => {
      this.#ready = resolve;
    });
    this.#caller = await WireCaller.call({
      ...line, session: { agent: { instructions, engines: { responder: 'embedded' } } },
      listener: {
        onNotice: (notice) => this.#notice(notice),
        onClose: (code, reason) => this.#meter.fault(`closed ${code}`, `a connection was closed with ${code} "${reason}"`),
      },
    });
    await ready;
  }

  start(): void {
    for (let i = 0; i < this.#inFlight; i += 1) this.ask(performance.now());
  }

  /** Asks the next question, which was to be asked at `dueMs`; nothing where there is none. */
  ask(dueMs: number): void {
    const question = this.#questions[this.#askedAtMs.length];
    if (question === undefined) return;
    this.#askedAtMs.push(dueMs);
    this.#meter.count('messages asked');
    this.#caller?.tell({ type: 'text', content: question.content });
  }

  async hangUp(): Promise<void> {
    await this.#caller?.hangUp();
  }

  #notice(notice: AgentMessage): void {
    if (notice.type === 'ready') return this.#ready();
    if (notice.type === 'error') this.#meter.fault(`error ${notice.code}`, `${notice.code}: ${notice.message}`);
    if (notice.type === 'text' || notice.type === 'error') this.#answer(notice.type === 'text' ? notice.content : undefined);
  }

  /** Answers come in the order of the questions, an error in the place of one. */
  #answer(content: string | undefined): void {
    const question = this.#questions[this.#answered];
    const dueMs = this.#askedAtMs[this.#answered];
    if (question === undefined || dueMs === undefined) return this.#meter.fault('answers too many', `one answer more than questions: ${content ?? 'an error'}`);
    this.#answered += 1;
    this.#meter.series('answer').record(performance.now() - dueMs);
    if (content !== undefined && question.isAnsweredBy(content)) this.#meter.count('answers right');
    else this.#meter.fault('answers wrong', `"${question.content}": expected ${question.expected}, got "${content ?? 'an error'}"`);
    if (this.#inFlight > 0) this.ask(performance.now());
    this.#onAnswered();
  }
}

/**
 * Connections × messages, each answered by exactly one message, in order. Without a rate, each connection asks as soon as
 * one of its `in-flight` questions is answered; with one, questions are asked by the clock and waited for from then on.
 */
export class TextWorkload implements Workload {
  readonly done: Promise<void>;
  readonly #options: WorkloadOptions;
  readonly #meter: Meter;
  readonly #callers: readonly TextCaller[];
  readonly #pacer: Pacer | undefined;
  #finish: () => void = () => undefined;

  constructor(options: WorkloadOptions, meter: Meter) {
    this.#options = options;
    this.#meter = meter;
    const messages = Number(options.extra['messages']);
    const inFlight = options.rate > 0 ? 0 : Number(options.extra['inFlight']);
    const onAnswered = (): void => {
      if (this.#callers.every(({ isDone }) => isDone)) this.#finish();
    };
    this.#callers = Array.from({ length: options.callers }, (_, at) => new TextCaller(questionnaireOf(options.firstCaller + at, messages).questions, inFlight, meter, onAnswered));
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    if (options.rate <= 0) return;
    const periodMs = (1000 * options.callers) / (options.rate * options.share);
    this.#pacer = new Pacer({ members: options.callers, periodMs, lateness: meter.lateness, onTurn: (member, dueMs) => this.#callers[member]?.ask(dueMs) });
  }

  async open(): Promise<void> {
    const { firstCaller } = this.#options;
    await inParallel(this.#callers.length, OPENING, async (at) => {
      await this.#callers[at]?.open(lineOf(this.#options, firstCaller + at), questionnaireOf(firstCaller + at, 0).instructions);
    });
  }

  start(): void {
    if (this.#pacer === undefined) for (const caller of this.#callers) caller.start();
    else this.#pacer.start(performance.now());
  }

  async stop(): Promise<void> {
    this.#pacer?.stop();
    const answered = (): number => this.#callers.reduce((sum, caller) => sum + caller.answered, 0);
    for (let quietMs = 0, before = answered(); quietMs < SILENCE_MS && this.#callers.some(({ missing }) => missing > 0); quietMs += LOOK_EVERY_MS) {
      await sleep(LOOK_EVERY_MS);
      if (answered() !== before) quietMs = 0;
      before = answered();
    }
    const missing = this.#callers.reduce((sum, caller) => sum + caller.missing, 0);
    if (missing > 0) this.#meter.count('answers missing', missing);
  }

  async close(): Promise<void> {
    await inParallel(this.#callers.length, OPENING, async (at) => this.#callers[at]?.hangUp());
  }
}
