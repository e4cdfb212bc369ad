import type { StageLatencies } from '../../shared/protocol/agent-event.ts';
import { elapsedMs } from '../../shared/runtime/clock.ts';

/** When one ingress frame passed each hop, as wrapping microsecond stamps. */
export interface FrameStamps {
  readonly receivedUs: number;
  readonly flushedUs: number;
  readonly arrivedUs: number;
  readonly takenUs: number;
}

/** The moments of one turn, in order, as wrapping microsecond stamps. */
export interface TurnMarks {
  /** The gateway received the frame with the last sample of the caller's speech. */
  readonly speechEndUs: number;
  /** The frame whose silence made the turn end; undefined where a timer did because no more audio came. */
  readonly endpoint: FrameStamps | undefined;
  /** The turn was found to be over. */
  readonly decidedUs: number;
  /** The turn got its place among the turns being computed. */
  readonly startedUs: number;
  readonly finalUs: number;
  readonly tokenUs: number;
  /** The first audio of the answer left the worker. */
  readonly speechUs: number;
}

/**
 * Cuts mouth-to-ear into its parts: each is the time between two moments that follow each other, so together they are the
 * whole. `egress` is left 0 for the gateway. Two hosts' clocks may make a hop look negative: it counts as 0.
 */
export function stagesOf(marks: TurnMarks): StageLatencies {
  const { speechEndUs, endpoint, decidedUs } = marks;
  const hops = endpoint ?? { receivedUs: decidedUs, flushedUs: decidedUs, arrivedUs: decidedUs, takenUs: decidedUs };
  return {
    endpointing: between(speechEndUs, hops.receivedUs),
    gateway: between(hops.receivedUs, hops.flushedUs),
    bus: between(hops.flushedUs, hops.arrivedUs),
    lane: between(hops.arrivedUs, hops.takenUs),
    voice_activity: between(hops.takenUs, decidedUs),
    turn_wait: between(decidedUs, marks.startedUs),
    transcript: between(marks.startedUs, marks.finalUs),
    first_token: between(marks.finalUs, marks.tokenUs),
    first_speech: between(marks.tokenUs, marks.speechUs),
    egress: 0,
  };
}

function between(fromUs: number, toUs: number): number {
  return Math.max(0, elapsedMs(fromUs, toUs));
}
