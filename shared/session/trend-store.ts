import type { Redis } from './redis.ts';

const TREND_KEY = 'vox:trend';
/** The whole trend goes when nobody writes to it for this long. */
const KEPT_S = 25 * 3600;

/** Points of the fleet's trend by slot (a number that grows with time), shared by all gateways: the first to write a slot wins. */
export class TrendStore {
  readonly #redis: Redis;
  readonly #mostPoints: number;

  constructor(redis: Redis, mostPoints: number) {
    this.#redis = redis;
    this.#mostPoints = mostPoints;
  }

  /** Whether this point was taken: false where the slot has one. Slots too old to be kept are removed. Throws where Redis does not answer. */
  async offer(slot: number, point: unknown): Promise<boolean> {
    const taken: number = await this.#redis.hsetnx(TREND_KEY, String(slot), JSON.stringify(point));
    if (taken === 0) return false;
    await this.#redis.expire(TREND_KEY, KEPT_S);
    const slots: string[] = await this.#redis.hkeys(TREND_KEY);
    const old = slots.filter((known) => Number(known) <= slot - this.#mostPoints);
    if (old.length > 0) await this.#redis.hdel(TREND_KEY, ...old);
    return true;
  }

  /** All points, oldest first, as they were given: their shape is the writer's promise. Throws where Redis does not answer. */
  async read<T>(): Promise<readonly T[]> {
    const points: Record<string, string> = await this.#redis.hgetall(TREND_KEY);
    return Object.entries(points)
      .sort(([one], [other]) => Number(one) - Number(other))
      .map(([, text]) => JSON.parse(text) as T);
  }
}
