import type { Lane } from '../shared/protocol/lane.ts';
import { Fifo } from './fifo.ts';
import { TurnWheel } from './turn-wheel.ts';

/** Where items wait: in the lane of their urgency, or, sent again, behind all that is live. */
export type Place = Lane | 'replay';

/** How often each place is served in one round; control is served before any round. */
const SHARES = { urgent: 8, normal: 4, bulk: 1, replay: 4 } as const;
type Share = keyof typeof SHARES;
const ROUND: readonly Share[] = interleaved();

/**
 * A priority queue: control first, the others by weight, so that urgent waits least and bulk never starves; oldest first
 * within a lane. What was sent again waits in a place of its own, in which items take turns: it gets what live items leave,
 * and at least its share. Pure: it holds and orders, nothing else.
 */
export class Lanes<T> {
  readonly #capacity: number;
  readonly #queues: Readonly<Record<Lane, Fifo<T>>> = { control: new Fifo(), urgent: new Fifo(), normal: new Fifo(), bulk: new Fifo() };
  readonly #replay = new TurnWheel<T>();
  readonly #mayReplay: (item: T) => boolean;
  #turnOf = 0;
  #size = 0;

  /**
   * `capacity` bounds the live lanes together, control not counted; what is sent again is bounded by those who keep it.
   * `mayReplay`: whether such an item can be served now; others are passed over.
   */
  constructor(capacity: number, mayReplay: (item: T) => boolean = () => true) {
    this.#capacity = capacity;
    this.#mayReplay = mayReplay;
  }

  /** Live items waiting, control not counted. */
  get size(): number {
    return this.#size;
  }

  /** Items sent again that wait. */
  get replaying(): number {
    return this.#replay.size;
  }

  get isFull(): boolean {
    return this.#size >= this.#capacity;
  }

  /** Appends an item. The caller of `push` sheds first when full: it is never refused here. */
  push(place: Place, item: T): void {
    if (place === 'replay') return this.#replay.push(item);
    this.#queues[place].push(item);
    if (place !== 'control') this.#size += 1;
  }

  /** The item to serve next, or undefined where nothing waits that can be served. */
  shift(): T | undefined {
    const control = this.#queues.control.shift();
    if (control !== undefined) return control;
    for (let tried = 0; tried < ROUND.length; tried++) {
      const place = ROUND[this.#turnOf] ?? 'normal';
      this.#turnOf = (this.#turnOf + 1) % ROUND.length;
      const item = this.#take(place);
      if (item !== undefined) return item;
    }
    return undefined;
  }

  /** The item to serve next of those that should not wait: control, then urgent. It is nobody's turn. */
  shiftUrgent(): T | undefined {
    return this.#queues.control.shift() ?? this.#take('urgent');
  }

  /** Takes out the oldest item of the least urgent lane that has one; neither control nor what was sent again is ever shed. */
  shed(): T | undefined {
    return this.#take('bulk') ?? this.#take('normal') ?? this.#take('urgent');
  }

  /** Live items waiting, by lane. */
  depths(): Record<Lane, number> {
    const { control, urgent, normal, bulk } = this.#queues;
    return { control: control.size, urgent: urgent.size, normal: normal.size, bulk: bulk.size };
  }

  #take(place: Share): T | undefined {
    if (place === 'replay') return this.#replay.shift(this.#mayReplay);
    const item = this.#queues[place].shift();
    if (item !== undefined) this.#size -= 1;
    return item;
  }
}

/** Spreads each place's share evenly over a round: one lane's turns do not come in a row. */
function interleaved(): readonly Share[] {
  const places = ['urgent', 'normal', 'bulk', 'replay'] as const;
  const turns = places.flatMap((place) =>
    Array.from({ length: SHARES[place] }, (_, turn) => ({ place, at: (turn + 0.5) / SHARES[place] })),
  );
  return turns.sort((one, other) => one.at - other.at).map(({ place }) => place);
}
