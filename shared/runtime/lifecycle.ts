/** The states of a process, in order. */
export const LIFECYCLE_STATES = ['starting', 'ready', 'draining', 'stopped'] as const;
export type LifecycleState = (typeof LIFECYCLE_STATES)[number];

/** A process's one state. It only ever moves forward. */
export class Lifecycle {
  #state: LifecycleState = 'starting';
  readonly #onChange: (state: LifecycleState) => void;

  constructor(onChange: (state: LifecycleState) => void) {
    this.#onChange = onChange;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** Moves to a later state; moving back or staying is passed over and answers false. */
  enter(next: LifecycleState): boolean {
    if (LIFECYCLE_STATES.indexOf(next) <= LIFECYCLE_STATES.indexOf(this.#state)) return false;
    this.#state = next;
    this.#onChange(next);
    return true;
  }
}
