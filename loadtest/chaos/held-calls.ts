import { setTimeout as sleep } from 'node:timers/promises';
import type { AgentRequest } from '../../shared/client/session-request.ts';
import type { Balancer } from './balancer.ts';
import type { CallLog } from './call-log.ts';
import { Caller } from './caller.ts';
import { converseInNumbers } from './numbered-conversation.ts';
import { rangesIn } from './numbered-text.ts';
import type { Owners } from './owners.ts';
import { converseByRecordings, RECORDED_AGENT } from './recorded-conversation.ts';

const NUMBERED = { voice_activity: 'numbered', recognizer: 'numbered', responder: 'numbered', synthesizer: 'numbered' };
const NUMBERED_AGENT: AgentRequest = { instructions: 'Answer by numbers.', engines: NUMBERED };
/** What was said last is stored within this. */
const STORED_WITHIN_MS = 5000;
const POLL_MS = 100;

export interface HeldCallsOptions {
  readonly balancer: Balancer;
  readonly owners: Owners;
  /** Of the callers, so many speak human recordings to the embedded engines. */
  readonly recorded: number;
  readonly seed: number;
  /** So long callers wait for an answer. */
  readonly patienceMs: number;
  /** Milliseconds since the run began. */
  readonly nowMs: () => number;
}

/** Calls that go on until they are told to end, whatever is done to the fleet meanwhile. */
export class HeldCalls {
  readonly #options: HeldCallsOptions;
  readonly #callers: Caller[] = [];
  readonly #conversations: Promise<void>[] = [];
  #placed = 0;
  #isOver = false;

  constructor(options: HeldCallsOptions) {
    this.#options = options;
  }

  /** Everybody who is there, in the order of their calls. */
  get callers(): readonly Caller[] {
    return this.#callers;
  }

  /** So many more call, spread over this time so that they do not speak in chorus. Throws where one cannot call. */
  async place(count: number, spreadMs: number): Promise<void> {
    const first = this.#placed;
    this.#placed += count;
    const placed = await Promise.allSettled(Array.from({ length: count }, async (_, at) => {
      await sleep((spreadMs * at) / count);
      await this.#placeOne(first + at);
    }));
    const failed = placed.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    for (const caller of this.#callers.slice(first)) this.#conversations.push(this.#converse(caller));
  }

  /** Nobody says anything new; resolves with what became of each call once every last answer has come, or was given up. */
  async end(): Promise<CallLog[]> {
    this.#isOver = true;
    await Promise.all(this.#conversations);
    return Promise.all(this.#callers.map((caller) => this.#finish(caller)));
  }

  /** Where something failed the others are still talking: a microphone that is on keeps this process alive. */
  async hangUp(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#callers.map((caller) => caller.hangUp()));
  }

  async #placeOne(call: number): Promise<void> {
    const { balancer, recorded, nowMs } = this.#options;
    const isNumbered = call >= recorded;
    this.#callers[call] = await Caller.place({ call, line: await balancer.openLine(), agent: isNumbered ? NUMBERED_AGENT : RECORDED_AGENT, isNumbered, nowMs });
  }

  async #converse(caller: Caller): Promise<void> {
    const { recorded, seed, patienceMs } = this.#options;
    const converse = caller.call < recorded ? converseByRecordings : converseInNumbers;
    await converse(caller, seed, patienceMs, () => this.#isOver);
  }

  /** Reads what is stored, then hangs up. */
  async #finish(caller: Caller): Promise<CallLog> {
    const { call, sessionId, events } = caller;
    const stored = await storedTexts(caller, this.#options.owners);
    await caller.hangUp();
    return { call, sessionId, events, stored };
  }
}

/** Waits a little until the last utterance is stored: answers are not held back for it. */
async function storedTexts(caller: Caller, owners: Owners): Promise<string[] | undefined> {
  const last = caller.events.findLast((event) => event.kind === 'utterance');
  const deadline = performance.now() + STORED_WITHIN_MS;
  for (;;) {
    const texts = await readTexts(caller.sessionId, owners);
    const isComplete = texts !== undefined && (last === undefined || texts.some((text) => rangesIn(text).some(({ id, to }) => id === last.id && to >= last.takenSamples)));
    if (isComplete || performance.now() > deadline) return texts;
    await sleep(POLL_MS);
  }
}

async function readTexts(sessionId: string, owners: Owners): Promise<string[] | undefined> {
  try {
    return await owners.callerTexts(sessionId);
  } catch (error) {
    // The store is away: what the caller was told has to do.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
