/** What is done to the fleet while calls are held. */
export interface Trial {
  readonly name: string;
  /** In words. */
  readonly words: string;
  /** What a caller may miss at most, 99 of 100 times, where that is promised. */
  readonly mostExtraMs?: number;
  /** Whether it takes away what knows how far the agent has spoken: a reply under way may then be said again, which is judged apart. */
  readonly mayRepeat?: boolean;
}

/** What is promised for a trial, and whether a run kept it. */
export interface Verdict {
  readonly promise: string;
  /** What was measured, in words. */
  readonly measured: string;
  readonly isKept: boolean;
  /** Whether it is about time, which a busy machine spoils. */
  readonly isTimed: boolean;
}
