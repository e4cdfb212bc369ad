import { LATENCY_STAGES, type LatencyStage, type StageLatencies } from '../../shared/protocol/agent-event.ts';

/** Kinds of stages that share a colour. */
export type StageKind = 'wait' | 'network' | 'hear' | 'think' | 'speak';

export interface StageShare {
  readonly stage: LatencyStage;
  readonly label: string;
  readonly kind: StageKind;
  readonly ms: number;
}

const WORDS: Readonly<Record<LatencyStage, { readonly label: string; readonly kind: StageKind }>> = {
  endpointing: { label: 'Waiting for the end', kind: 'wait' },
  gateway: { label: 'Gateway', kind: 'network' },
  bus: { label: 'Bus', kind: 'network' },
  lane: { label: 'Queue', kind: 'network' },
  voice_activity: { label: 'Voice activity', kind: 'hear' },
  turn_wait: { label: 'Turn queue', kind: 'wait' },
  transcript: { label: 'Transcript', kind: 'hear' },
  first_token: { label: 'First word', kind: 'think' },
  first_speech: { label: 'First speech', kind: 'speak' },
  egress: { label: 'Way back', kind: 'network' },
};

/** A turn's latency as people read it: every stage in the order in which time passes. */
export function stageShares(stages: StageLatencies): readonly StageShare[] {
  return LATENCY_STAGES.map((stage) => ({ stage, ...WORDS[stage], ms: stages[stage] }));
}

/** Milliseconds to the precision that matters: tenths below 10. */
export function readableMs(ms: number): string {
  return ms < 10 ? ms.toFixed(1) : String(Math.round(ms));
}
