import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LATENCY_STAGES, type StageLatencies } from '../shared/protocol/agent-event.ts';
import { connectionLines, timelineLines } from './timeline.ts';

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

test('a cut and the way back are told once each, with how long it took', () => {
  const audio = { encoding: 'pcm16', sampleRateHz: 16000 } as const;
  const ready = { name: 'ready', sessionId: 's', input: audio, output: audio } as const;
  assert.deepEqual(connectionLines(ready, 0), []);
  assert.match(connectionLines({ name: 'reconnecting', attempt: 1, sinceMs: 0 }, 2000)[0] ?? '', /2\.00 s {2}line +cut: reconnecting/);
  assert.deepEqual(connectionLines({ name: 'reconnecting', attempt: 2, sinceMs: 80 }, 2080), []);
  const resumed = { awayMs: 640, attempts: 3, resentMessages: 60, resentAudioMs: 1200 };
  assert.match(connectionLines({ ...ready, resumed }, 2640)[0] ?? '', /back after 0\.64 s and 3 attempts; 1\.20 s of audio sent again/);
  assert.match(connectionLines({ ...ready, resumed: { ...resumed, awayMs: 0 } }, 2640)[0] ?? '', /moved to another gateway, without a gap/);
  assert.match(connectionLines({ name: 'lost', code: 1006, reason: 'nobody there' }, 9)[0] ?? '', /lost \(1006\): nobody there/);
});
