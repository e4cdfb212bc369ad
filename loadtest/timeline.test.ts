import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LATENCY_STAGES, type StageLatencies } from '../shared/protocol/agent-event.ts';
import { timelineLines } from './timeline.ts';

test('a turn is shown with its whole and with every stage', () => {
  const stages_ms = Object.fromEntries(LATENCY_STAGES.map((stage, i) => [stage, i])) as StageLatencies;
  const shown = timelineLines({ type: 'turn', turn: 1, mouth_to_ear_ms: 45, stages_ms, seq: 3 }, 1234).join('\n');
  assert.match(shown, /1\.23 s {2}latency +mouth to ear 45\.0 ms/);
  for (const stage of LATENCY_STAGES) assert.ok(shown.includes(`${stage} `), stage);
});

test('partial transcripts and pongs are no news, an empty final says that nothing was understood', () => {
  assert.deepEqual(timelineLines({ type: 'pong', seq: 0 }, 0), []);
  assert.deepEqual(timelineLines({ type: 'transcript', role: 'caller', text: 'go', final: false, turn: 1, seq: 1 }, 0), []);
  const [unclear] = timelineLines({ type: 'transcript', role: 'caller', text: '', final: true, turn: 1, seq: 1 }, 0);
  assert.match(unclear ?? '', /not understood/);
});
