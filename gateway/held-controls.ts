import { ENVELOPE_TYPE } from '../shared/protocol/envelope.ts';
import type { ControlType, Ingress, Route } from './ingress.ts';

/** What a caller said beside the audio while nobody owned the session: a cancel and the newest playout mark. */
export class HeldControls {
  #isCancelled = false;
  #played = 0;

  /** Keeps what a later owner has to know; the rest is passed over. */
  hold(type: ControlType, seq: number): void {
    if (type === ENVELOPE_TYPE.cancel) this.#isCancelled = true;
    if (type === ENVELOPE_TYPE.played) this.#played = Math.max(this.#played, seq);
  }

  /** Tells it to an owner that can be reached. */
  release(ingress: Ingress, route: Route): void {
    if (this.#played > 0) ingress.control(route, ENVELOPE_TYPE.played, this.#played);
    if (this.#isCancelled) ingress.control(route, ENVELOPE_TYPE.cancel);
    this.#played = 0;
    this.#isCancelled = false;
  }
}
