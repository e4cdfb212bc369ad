import type { PlayoutReport } from './playout-ring.ts';

/** Name the playout processor registers under. */
export const PLAYOUT_PROCESSOR = 'voxfleet-playout';

/** From the page to the playout processor. */
export type PlayoutCommand =
  | { readonly kind: 'audio'; readonly seq: number; readonly samples: Int16Array<ArrayBuffer>; readonly continues: boolean }
  | { readonly kind: 'clear' };

/** From the playout processor to the page, about ten times a second while there is something to tell. */
export interface PlayoutNews extends PlayoutReport {
  /** Loudness of what just sounded, 0 to 1. */
  readonly level: number;
  /** What really went out, where the page asked for it. */
  readonly output?: Int16Array<ArrayBuffer>;
}
