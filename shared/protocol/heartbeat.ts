import type { Lane } from './lane.ts';
import type { LifecycleState } from '../runtime/lifecycle.ts';

/** Published by each worker on `vox.fleet` every `HEARTBEAT_INTERVAL_MS`, as msgpack. */
export interface WorkerHeartbeat {
  readonly workerId: string;
  readonly state: LifecycleState;
  readonly slotsUsed: number;
  readonly slotsTotal: number;
  readonly turnsComputing: number;
  /** Frames and messages waiting, by lane. */
  readonly laneDepths: Readonly<Record<Lane, number>>;
}

/** How often a worker says it is there. */
export const HEARTBEAT_INTERVAL_MS = 250;
