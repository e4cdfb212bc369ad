import { BusError, type Bus } from '../shared/bus/bus.ts';
import { attachSubject, claimSubject } from '../shared/bus/subjects.ts';
import type { ClaimReply, ClaimRequest } from '../shared/protocol/claim.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import { nowMs } from '../shared/runtime/clock.ts';
import { pause } from '../shared/runtime/pause.ts';
import type { ClaimResult, GatewayMetrics } from './metrics.ts';
import { Turnstile } from './turnstile.ts';

/**
 * A worker asks Redis before it answers. A frozen one is still in the queue group and answers nothing: better to ask again
 * soon, because a session that was taken after all is found by its lease.
 */
const CLAIM_TIMEOUT_MS = 750;
/** An owner has the session in memory. */
const ATTACH_TIMEOUT_MS = 1000;
const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 1000;
/** From one worker to the next that is said to hold the session. */
const MOST_HOPS = 3;
/** A lost worker leaves many callers at once: so many of them claim at the same time. */
const TAKEOVERS_AT_ONCE = 16;
/** A lost gateway's callers, or those who waited for an outage to end, come at once too; they must not hold takeovers up. */
const ARRIVALS_AT_ONCE = 64;

/** A worker that holds, or held, a session. */
export interface Owner {
  readonly workerId: string;
  readonly fence: number;
}

/** Who asks for a worker. */
export interface Applicant extends Omit<ClaimRequest, 'gatewayId' | 'lost'> {
  /** The owner that the record or a worker names, if any: it is asked first. */
  readonly owner?: Owner;
  /** The owner that was seen to die. */
  readonly lost?: Owner;
  /** Gives up after so long. Time without a bus does not count where the session is under way (`lost`, or released). */
  readonly patienceMs: number;
  readonly isUnderWay: boolean;
}

/** Why nobody took the session yet, as the caller is told. */
export type Wait = 'at_capacity' | 'store_unavailable';

/** Refusals that asking again does not change. */
const FINAL_REFUSALS = ['session_not_found', 'session_ended', 'replaced'] as const;
type FinalRefusal = (typeof FINAL_REFUSALS)[number];

/** What one worker answers, or fails to, that another may not. */
const ELSEWHERE: ReadonlySet<string> = new Set(['full', 'no_responders', 'timeout']);

/** What an application came to. */
export type Admitted =
  | { readonly outcome: 'admitted'; readonly reply: Extract<ClaimReply, { ok: true }> }
  /** `replaced`: a newer connection of the same caller has the session. */
  | { readonly outcome: FinalRefusal | 'gave_up' | 'aborted' };

/** What is known of workers. */
export interface FleetKnowledge {
  /** Whether a worker that did not answer is gone, so that its lease may be taken over; takes its time to be sure. */
  readonly isGone: (workerId: string, failure: 'no_responders' | 'timeout') => Promise<boolean>;
  /** Whom to ask for a place first; undefined: whoever NATS picks. */
  readonly lighter: () => string | undefined;
}

type Answer = ClaimReply | { readonly ok: false; readonly reason: 'no_responders' | 'timeout' | 'disconnected' | 'bad_answer' | 'outdated'; readonly owner?: Owner };

/** Finds a worker for a session: the owner if there is one, else whoever claims it. */
export class Admission {
  readonly #bus: Bus;
  readonly #gatewayId: string;
  readonly #fleet: FleetKnowledge;
  readonly #metrics: GatewayMetrics;
  readonly #takeovers = new Turnstile(TAKEOVERS_AT_ONCE);
  readonly #arrivals = new Turnstile(ARRIVALS_AT_ONCE);

  constructor(bus: Bus, gatewayId: string, fleet: FleetKnowledge, metrics: GatewayMetrics) {
    this.#bus = bus;
    this.#gatewayId = gatewayId;
    this.#fleet = fleet;
    this.#metrics = metrics;
  }

  /**
   * Asks again and again, with growing jittered pauses, until a worker takes the session, it turns out to be over, patience
   * ends or `signal` aborts. `onWait` is called with each new reason to wait. A session taken at the moment of an abort is
   * still answered as admitted. Throws only on defects.
   */
  async admit(applicant: Applicant, signal: AbortSignal, onWait: (wait: Wait) => void): Promise<Admitted> {
    const told = new Set<Wait>();
    let deadlineMs = nowMs() + applicant.patienceMs;
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#attemptInTurn(applicant, signal);
      if (answer.ok) return { outcome: 'admitted', reply: answer };
      if (signal.aborted) return { outcome: 'aborted' };
      const final = FINAL_REFUSALS.find((refusal) => refusal === answer.reason);
      if (final !== undefined) return { outcome: final };
      const wait = waitOf(answer.reason);
      if (wait !== undefined && !told.has(wait)) {
        told.add(wait);
        onWait(wait);
      }
      const pauseMs = backoffMs(attempt);
      if (applicant.isUnderWay && answer.reason === 'disconnected') deadlineMs += pauseMs;
      if (nowMs() + pauseMs > deadlineMs) return { outcome: 'gave_up' };
      if (!(await pause(pauseMs, signal))) return { outcome: 'aborted' };
    }
  }

  #attemptInTurn(applicant: Applicant, signal: AbortSignal): Promise<Answer> {
    const turnstile = applicant.isUnderWay ? this.#takeovers : this.#arrivals;
    return turnstile.pass(() => this.#attempt(applicant, signal));
  }

  async #attempt(applicant: Applicant, signal: AbortSignal): Promise<Answer> {
    let request = requestOf(applicant, this.#gatewayId);
    let owner = applicant.owner;
    let answer: Answer = { ok: false, reason: 'held' };
    for (let hop = 0; hop < MOST_HOPS; hop++) {
      answer = owner === undefined ? await this.#claim(request) : await this.#ask(request, attachSubject(owner.workerId), 'attach');
      // A caller who left must not take the session from the connection that came after.
      if (answer.ok || signal.aborted) return answer;
      if (owner !== undefined && (await this.#isOwnerGone(owner, answer))) {
        request = { ...request, lost: owner };
        owner = undefined;
      } else if (owner !== undefined && answer.reason === 'outdated') {
        // Redis knows who came after it.
        owner = undefined;
      } else if (answer.reason === 'held' && answer.owner !== undefined) {
        owner = answer.owner;
        request = { ...request, seenFence: Math.max(request.seenFence, owner.fence) };
      } else if (owner === undefined || answer.reason !== 'no_responders') return answer;
      // An owner who was only on the way to another NATS node is asked again.
    }
    // Owners that are not to be had are no sign of a full fleet.
    if (answer.reason === 'no_responders') return { ok: false, reason: 'timeout' };
    return answer;
  }

  async #isOwnerGone({ workerId }: Owner, answer: Answer): Promise<boolean> {
    if (answer.ok) return false;
    // One that holds a session never refuses it for want of a place: it is its own word that it does not hold it.
    if (answer.reason === 'full') return true;
    return (answer.reason === 'no_responders' || answer.reason === 'timeout') && this.#fleet.isGone(workerId, answer.reason);
  }

  /** Asks a worker with much room; where that one cannot take the session, any that NATS knows to listen. */
  async #claim(request: ClaimRequest): Promise<Answer> {
    const lighter = this.#fleet.lighter();
    if (lighter !== undefined) {
      const answer = await this.#ask(request, attachSubject(lighter), 'claim');
      if (answer.ok || !ELSEWHERE.has(answer.reason)) return answer;
    }
    return this.#ask(request, claimSubject(request.lane), 'claim');
  }

  async #ask(request: ClaimRequest, subject: string, purpose: 'claim' | 'attach'): Promise<Answer> {
    const answer = await this.#request(subject, request, purpose === 'attach' ? ATTACH_TIMEOUT_MS : CLAIM_TIMEOUT_MS);
    this.#metrics.countClaim(resultOf(answer, purpose === 'attach'));
    return answer;
  }

  async #request(subject: string, request: ClaimRequest, timeoutMs: number): Promise<Answer> {
    try {
      const answer = unpack<ClaimReply>(await this.#bus.request(subject, pack(request), timeoutMs));
      return answer === undefined ? { ok: false, reason: 'bad_answer' } : answerOf(answer, request);
    } catch (error) {
      if (!(error instanceof BusError)) throw error;
      return { ok: false, reason: error.failure };
    }
  }
}

/** An owner with a fence below one that was heard of is not the owner any more and has not noticed yet. */
function answerOf(reply: ClaimReply, { seenFence }: ClaimRequest): Answer {
  return reply.ok && reply.fence < seenFence ? { ok: false, reason: 'outdated' } : reply;
}

/** What of an applicant is the worker's business. */
function requestOf(applicant: Applicant, gatewayId: string): ClaimRequest {
  const { sessionId, gatewaySlot, lane, listening, connectionNo, seenEgressSeq, isResuming, owner, lost, delivered, trace } = applicant;
  const seenFence = Math.max(applicant.seenFence, owner?.fence ?? 0, lost?.fence ?? 0);
  return {
    sessionId, gatewayId, gatewaySlot, lane, listening, connectionNo, seenEgressSeq, isResuming, seenFence,
    ...(delivered === undefined ? {} : { delivered }),
    ...(lost === undefined ? {} : { lost }),
    ...(trace === undefined ? {} : { trace }),
  };
}

function resultOf(answer: Answer, isAttach: boolean): ClaimResult {
  if (!answer.ok) return answer.reason;
  return isAttach ? 'attached' : 'claimed';
}

function waitOf(reason: Extract<Answer, { ok: false }>['reason']): Wait | undefined {
  if (reason === 'full' || reason === 'no_responders') return 'at_capacity';
  return reason === 'store_unavailable' ? reason : undefined;
}

function backoffMs(attempt: number): number {
  return Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** attempt) * (0.5 + Math.random());
}
