import type { GrantedLane } from '../shared/protocol/lane.ts';
import type { Release, TurnPool } from './turn-pool.ts';

/** The steps of a turn that may wait for a place. */
export type TurnStep = 'recognizer' | 'responder';

/** Whether each step computes on this machine. */
export type ComputingSteps = Readonly<Record<TurnStep, boolean>>;

const NO_PLACE: Release = () => undefined;

/**
 * One session's places in the pool of turns being computed. A step takes one where its engine computes on this machine;
 * one that asks a service elsewhere only waits for it, holds up nobody, and takes none.
 */
export class TurnPlaces {
  readonly #pool: TurnPool;
  readonly #computing: ComputingSteps;

  constructor(pool: TurnPool, computing: ComputingSteps) {
    this.#pool = pool;
    this.#computing = computing;
  }

  /** Whether a turn keeps the place of its transcript for its answer. */
  get areKept(): boolean {
    return this.#computing.recognizer && this.#computing.responder;
  }

  /** Waits for a place where the step needs one. */
  take(step: TurnStep, lane: GrantedLane): Promise<Release> {
    return this.#computing[step] ? this.#pool.acquire(lane) : Promise.resolve(NO_PLACE);
  }
}
