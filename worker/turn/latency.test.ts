import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LATENCY_STAGES, type StageLatencies } from '../../shared/protocol/agent-event.ts';
import { stagesOf, type TurnMarks } from './latency.ts';

const WRAP_US = 0x1_0000_0000;
const MINUTE_US = 60_000_000;
/** Durations of the ten parts between the eleven moments of a turn. */
const partsUs = fc.tuple(...Array.from({ length: 10 }, () => fc.nat(MINUTE_US)));
const startUs = fc.oneof(fc.nat(WRAP_US - 1), fc.integer({ min: WRAP_US - MINUTE_US, max: WRAP_US - 1 }));

/** The moments of a turn that follow each other after `parts`, on the wrapping clock. */
function marksAfter(start: number, parts: readonly number[]): TurnMarks {
  let sum = start;
  const next = (part: number): number => (sum += parts[part] ?? 0) % WRAP_US;
  const endpoint = { receivedUs: next(0), flushedUs: next(1), arrivedUs: next(2), takenUs: next(3) };
  return { speechEndUs: start, endpoint, decidedUs: next(4), startedUs: next(5), finalUs: next(6), tokenUs: next(7), speechUs: next(8) };
}

function sumOf(stages: StageLatencies): number {
  return LATENCY_STAGES.reduce((sum, stage) => sum + stages[stage], 0);
}

test('each stage is the time between its two moments', () => {
  const marks = marksAfter(5_000_000, [500_000, 1000, 2000, 3000, 4000, 5000, 60_000, 7000, 80_000]);
  assert.deepEqual(stagesOf(marks), {
    endpointing: 500, gateway: 1, bus: 2, lane: 3, voice_activity: 4, turn_wait: 5, transcript: 60, first_token: 7, first_speech: 80, egress: 0,
  });
});

test('where a timer ended the turn, everything until then was waiting for its end', () => {
  const marks = { ...marksAfter(0, [1, 1, 1, 1, 800_000, 1000, 2000, 3000, 4000]), endpoint: undefined, decidedUs: 900_000 };
  const { endpointing, gateway, bus, lane, voice_activity: voiceActivity } = stagesOf(marks);
  assert.deepEqual([endpointing, gateway, bus, lane, voiceActivity], [900, 0, 0, 0, 0]);
});

test('together the stages are the whole, wherever the clock wraps', () => {
  fc.assert(
    fc.property(startUs, partsUs, fc.boolean(), (start, parts, byTimer) => {
      const marks = marksAfter(start, parts);
      const wholeMs = parts.slice(0, 9).reduce((sum, part) => sum + part, 0) / 1000;
      const stages = stagesOf(byTimer ? { ...marks, endpoint: undefined } : marks);
      assert.ok(Math.abs(sumOf(stages) - wholeMs) < 1e-6 * Math.max(1, wholeMs), `${sumOf(stages)} of ${wholeMs} ms`);
    }),
  );
});

test('a hop between hosts whose clocks disagree counts as nothing, never as negative', () => {
  const marks = marksAfter(1_000_000, [500_000, 1000, 0, 0, 0, 0, 0, 0, 0]);
  const early = { receivedUs: 1_500_000, flushedUs: 1_501_000, arrivedUs: 1_400_000, takenUs: 1_401_000 };
  assert.equal(stagesOf({ ...marks, endpoint: early }).bus, 0);
  fc.assert(
    fc.property(fc.array(fc.nat(WRAP_US - 1), { minLength: 10, maxLength: 10 }), (any) => {
      const [speechEndUs = 0, receivedUs = 0, flushedUs = 0, arrivedUs = 0, takenUs = 0, decidedUs = 0, startedUs = 0, finalUs = 0, tokenUs = 0, speechUs = 0] = any;
      const endpoint = { receivedUs, flushedUs, arrivedUs, takenUs };
      const stages = stagesOf({ speechEndUs, endpoint, decidedUs, startedUs, finalUs, tokenUs, speechUs });
      for (const stage of LATENCY_STAGES) assert.ok(stages[stage] >= 0);
    }),
  );
});
