/** Priority classes, most urgent first. Control is never behind audio. */
export const LANES = ['control', 'urgent', 'normal', 'bulk'] as const;

/** A priority class named by meaning. */
export type Lane = (typeof LANES)[number];

/** The lanes a session can be granted and a caller's message can travel in: all but control. */
export const GRANTED_LANES = ['urgent', 'normal', 'bulk'] as const;
export type GrantedLane = (typeof GRANTED_LANES)[number];

/** The number a lane has inside an envelope header. */
export function laneIndex(lane: Lane): number {
  return LANES.indexOf(lane);
}

/** The lane of an envelope header's number; an unknown number is treated as the least urgent. */
export function laneAt(index: number): Lane {
  return LANES[index] ?? 'bulk';
}

/** Maps a client's numeric priority: 0 is urgent, 1 (the default) normal, 2 and above bulk. */
export function laneOfPriority(priority: number | undefined): GrantedLane {
  if (priority === undefined) return 'normal';
  if (priority <= 0) return 'urgent';
  return priority < 2 ? 'normal' : 'bulk';
}

/** The less urgent of what a message asks for and what its session was granted. */
export function cappedLane(asked: GrantedLane, granted: GrantedLane): GrantedLane {
  return laneIndex(asked) < laneIndex(granted) ? granted : asked;
}
