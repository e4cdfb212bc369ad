import type { Size } from './suite.ts';

/** The whole bench: about half an hour on two cores, the soak apart. */
const WHOLE: Size = {
  rounds: 5, canaryMs: 1000, repeats: 2, warmMs: 2000, measureMs: 5000, callers: 400, callersWithRoom: [60, 150], framesPerSecond: 50, turnCallers: 100, turns: 6,
  talkSteps: [300, 500, 600, 700, 800, 900, 1000, 1200], idleConnections: 3000, urgentCallers: 20, bulkCallers: 100,
  textCallers: 50, textMessages: 100, soakSeconds: 60, natsMs: 2000,
};

/** A look: the same in less time, with numbers to be taken with a grain of salt. */
const QUICK: Size = {
  ...WHOLE, rounds: 2, warmMs: 1000, measureMs: 2500, turns: 3, talkSteps: [300, 500, 700], idleConnections: 1000, soakSeconds: 20, natsMs: 1000,
};

/** The least that is a run at all: for tests. */
export const TINY: Size = {
  rounds: 1, canaryMs: 100, repeats: 0, warmMs: 100, measureMs: 400, callers: 5, callersWithRoom: [3], framesPerSecond: 50, turnCallers: 2, turns: 1, talkSteps: [5], idleConnections: 20,
  urgentCallers: 2, bulkCallers: 5, textCallers: 3, textMessages: 5, soakSeconds: 2, natsMs: 100,
};

/** The size that goes by this name. */
export function sizeNamed(name: 'whole' | 'quick'): Size {
  return name === 'whole' ? WHOLE : QUICK;
}
