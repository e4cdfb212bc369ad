const INDEX_BITS = 20;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
const GENERATIONS = 1 << (32 - INDEX_BITS);

/**
 * Numbers the things that frames are addressed to: an array index in the low 20 bits, a generation in the high 12,
 * so that a late frame never reaches the slot's next tenant (unless 4,096 tenants came between).
 */
export class SlotTable<T> {
  readonly #tenants: (T | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];
  #used = 0;

  /** How many slots are taken. */
  get used(): number {
    return this.#used;
  }

  /** Seats a tenant and returns its slot number (an unsigned 32-bit integer). Throws RangeError at 2^20 tenants. */
  take(tenant: T): number {
    const index = this.#free.shift() ?? this.#tenants.length;
    if (index > INDEX_MASK) throw new RangeError(`no slot left: ${this.#used} are taken`);
    const generation = ((this.#generations[index] ?? -1) + 1) % GENERATIONS;
    this.#tenants[index] = tenant;
    this.#generations[index] = generation;
    this.#used += 1;
    return ((generation << INDEX_BITS) | index) >>> 0;
  }

  /** The tenant of this slot, or undefined where it has left. */
  at(slot: number): T | undefined {
    const index = slot & INDEX_MASK;
    return this.#generations[index] === slot >>> INDEX_BITS ? this.#tenants[index] : undefined;
  }

  /** Empties a slot; a slot whose tenant already left is passed over. */
  free(slot: number): void {
    if (this.at(slot) === undefined) return;
    const index = slot & INDEX_MASK;
    this.#tenants[index] = undefined;
    this.#free.push(index);
    this.#used -= 1;
  }

  /** Every tenant now seated. */
  *tenants(): IterableIterator<T> {
    for (const tenant of this.#tenants) if (tenant !== undefined) yield tenant;
  }
}
