/** The time a client goes by; another one in tests. */
export interface ClientClock {
  /** Milliseconds that only grow. */
  nowMs(): number;
  /** Calls back once after so long; calling the answer calls it off. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The time of browsers and Node. */
export const REAL_CLOCK: ClientClock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
