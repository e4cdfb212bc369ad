import type { GrantedLane } from '../shared/protocol/lane.ts';
import { Lanes } from './lanes.ts';

/** Gives a place back; calling it again does nothing. */
export type Release = () => void;

/** The turns being computed: at most `size` at once, the rest wait in lanes. Each session waits with a few turns at most. */
export class TurnPool {
  readonly #size: number;
  readonly #waiting = new Lanes<(release: Release) => void>(Number.MAX_SAFE_INTEGER);
  #computing = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Turns being computed now. */
  get computing(): number {
    return this.#computing;
  }

  /** Turns waiting for a place. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Waits for a place. */
  acquire(lane: GrantedLane): Promise<Release> {
    return new Promise((resolve) => {
      this.#waiting.push(lane, resolve);
      this.#admit();
    });
  }

  #admit(): void {
    while (this.#computing < this.#size) {
      const admit = this.#waiting.shift();
      if (admit === undefined) return;
      this.#computing += 1;
      admit(this.#releaseOnce());
    }
  }

  #releaseOnce(): Release {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#computing -= 1;
      this.#admit();
    };
  }
}
