import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goForward } from '../conformance/recordings.ts';
import { WINDOW_SAMPLES } from './silero-messages.ts';
import { Silero, SileroMemory } from './silero.ts';

const WINDOWS = 40;

test('windows judged in company get what they get alone', async () => {
  const silero = await Silero.load();
  const { samples } = goForward();
  const callers = [0, 777, 5000, 11_111, 16_000].map((shift) => samples.subarray(shift));
  const alone: number[][] = [];
  for (const caller of callers) alone.push(...(await judgeAll(silero, [caller])));
  assert.deepEqual(await judgeAll(silero, callers), alone);
});

test('the context before each window matters', async () => {
  const silero = await Silero.load();
  const { samples } = goForward();
  const [withContext] = await judgeAll(silero, [samples]);
  const [without] = await judgeAll(silero, [samples], (memory) => memory.context.fill(0));
  assert.notDeepEqual(withContext, without);
});

async function judgeAll(silero: Silero, callers: readonly Int16Array[], before?: (memory: SileroMemory) => void): Promise<number[][]> {
  const memories = callers.map(() => new SileroMemory());
  const heard: number[][] = callers.map(() => []);
  for (let at = 0; at < WINDOWS * WINDOW_SAMPLES; at += WINDOW_SAMPLES) {
    if (before !== undefined) memories.forEach(before);
    const windows = callers.map((caller, index) => ({ memory: memories[index] ?? new SileroMemory(), samples: caller.subarray(at, at + WINDOW_SAMPLES) }));
    (await silero.judge(windows)).forEach((probability, index) => heard[index]?.push(probability));
  }
  return heard;
}
