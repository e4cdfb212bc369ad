import { decide, type Decision } from './decision.ts';
import { measure, presence, type Ask, type Sides } from './measurement.ts';
import { RULES, type Rule } from './rules.ts';

/** Measures both versions within the window and decides. Rejects where Prometheus does not answer. */
export async function judgeCanary(ask: Ask, sides: Sides, window: string, rules: readonly Rule[] = RULES): Promise<Decision> {
  return decide(await measure(ask, rules, sides, window), await presence(ask, sides, window));
}
