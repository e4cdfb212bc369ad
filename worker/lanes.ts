import { LANES, type Lane } from '../shared/protocol/lane.ts';

/** How often each lane is served in one round; control is served before any round. */
const SHARES = { urgent: 8, normal: 4, bulk: 1 } as const;
const ROUND: readonly Exclude<Lane, 'control'>[] = interleaved();

/**
 * A bounded priority queue: control first, the others by weight, so that urgent waits least and bulk never starves;
 * oldest first within a lane. Pure: it holds and orders, nothing else.
 */
export class Lanes<T> {
  readonly #capacity: number;
  readonly #queues: Readonly<Record<Lane, Fifo<T>>> = { control: new Fifo(), urgent: new Fifo(), normal: new Fifo(), bulk: new Fifo() };
  #turnOf = 0;
  #size = 0;

  /** `capacity` bounds all lanes together, control not counted. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Items waiting, control not counted. */
  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size >= this.#capacity;
  }

  /** Appends an item. The caller of `push` sheds first when full: it is never refused here. */
  push(lane: Lane, item: T): void {
    this.#queues[lane].push(item);
    if (lane !== 'control') this.#size += 1;
  }

  /** The item to serve next, or undefined where nothing waits. */
  shift(): T | undefined {
    const control = this.#queues.control.shift();
    if (control !== undefined) return control;
    for (let tried = 0; tried < ROUND.length; tried++) {
      const lane = ROUND[this.#turnOf] ?? 'normal';
      this.#turnOf = (this.#turnOf + 1) % ROUND.length;
      const item = this.#take(lane);
      if (item !== undefined) return item;
    }
    return undefined;
  }

  /** Takes out the oldest item of the least urgent lane that has one; control is never shed. */
  shed(): T | undefined {
    return this.#take('bulk') ?? this.#take('normal') ?? this.#take('urgent');
  }

  /** Items waiting, by lane. */
  depths(): Record<Lane, number> {
    const { control, urgent, normal, bulk } = this.#queues;
    return { control: control.size, urgent: urgent.size, normal: normal.size, bulk: bulk.size };
  }

  #take(lane: Exclude<Lane, 'control'>): T | undefined {
    const item = this.#queues[lane].shift();
    if (item !== undefined) this.#size -= 1;
    return item;
  }
}

/** First in, first out, without moving the rest at each take. */
class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    if (this.#head > 64 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}

/** Spreads each lane's share evenly over a round: one lane's turns do not come in a row. */
function interleaved(): readonly Exclude<Lane, 'control'>[] {
  const lanes = LANES.filter((lane) => lane !== 'control');
  const turns = lanes.flatMap((lane) =>
    Array.from({ length: SHARES[lane] }, (_, turn) => ({ lane, at: (turn + 0.5) / SHARES[lane] })),
  );
  return turns.sort((one, other) => one.at - other.at).map(({ lane }) => lane);
}
