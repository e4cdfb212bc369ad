/** What is done to the fleet while calls are held. */
export interface Trial {
  readonly name: string;
  /** In words. */
  readonly words: string;
  /** What a caller may miss at most, 99 of 100 times, where that is promised. */
  readonly mostExtraMs?: number;
}
