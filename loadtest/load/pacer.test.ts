import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyRecorder } from './latency-recorder.ts';
import { Pacer } from './pacer.ts';

test('members take turns by an absolute schedule, and what a busy process missed follows with the time at which it was due', async () => {
  const turns: { readonly member: number; readonly dueMs: number; readonly round: number }[] = [];
  const lateness = new LatencyRecorder();
  const fromMs = performance.now() + 5;
  await new Promise<void>((resolve) => {
    const pacer = new Pacer({
      members: 4, periodMs: 20, lateness,
      onTurn: (member, dueMs, round) => {
        turns.push({ member, dueMs, round });
        // A process that is held up for five turns.
        if (turns.length === 6) for (const untilMs = performance.now() + 25; performance.now() < untilMs;);
        if (turns.length !== 24) return;
        pacer.stop();
        resolve();
      },
    });
    pacer.start(fromMs);
  });
  for (const [at, { member, dueMs, round }] of turns.slice(0, 24).entries()) {
    assert.deepEqual([member, round], [at % 4, Math.floor(at / 4)]);
    assert.ok(Math.abs(dueMs - fromMs - at * 5) < 1e-6, `turn ${at} was due at ${dueMs - fromMs}`);
  }
  assert.ok(lateness.summary().maxMs >= 20, 'being held up is lateness');
});
