import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_SPEECH_GATE, SpeechGate, type SpeechFact } from './speech-gate.ts';

/** Each window is 32 ms. */
const WINDOW_SAMPLES = 512;
const QUIET = 0.05;
const SPEECH = 0.95;

test('silence alone is no fact, and no window of it allocates', () => {
  const gate = new SpeechGate();
  const first = gate.onWindow(QUIET, WINDOW_SAMPLES);
  assert.deepEqual(first, []);
  assert.equal(gate.onWindow(QUIET, 2 * WINDOW_SAMPLES), first);
});

test('an utterance is told with the times at which it began and ended, not those at which that was certain', () => {
  const facts = factsOf([...times(10, QUIET), ...times(20, SPEECH), ...times(8, QUIET)]);
  assert.deepEqual(facts, [
    { window: 13, type: 'speech_started', atMs: 320 },
    { window: 37, type: 'speech_ended', atMs: 960 },
    { window: 38, type: 'silence', silentMs: 256 },
  ]);
});

test('silence after an utterance grows by each window until speech starts again', () => {
  const facts = factsOf([...times(5, SPEECH), ...times(9, QUIET), ...times(3, SPEECH)]);
  assert.deepEqual(facts.slice(2), [
    { window: 13, type: 'silence', silentMs: 256 },
    { window: 14, type: 'silence', silentMs: 288 },
    { window: 17, type: 'speech_started', atMs: 448 },
  ]);
});

test('a click shorter than minSpeechMs is no speech', () => {
  assert.deepEqual(factsOf([...times(5, QUIET), ...times(2, SPEECH), ...times(20, QUIET)]), []);
});

test('clicks one after another do not add up to speech', () => {
  assert.deepEqual(factsOf(times(30, SPEECH, SPEECH, QUIET)), []);
});

test('a click in the silence after an utterance withholds the silence, then it goes on from the same end', () => {
  const facts = factsOf([...times(5, SPEECH), ...times(7, QUIET), SPEECH, SPEECH, QUIET]);
  assert.deepEqual(facts.slice(1), [
    { window: 12, type: 'speech_ended', atMs: 160 },
    { window: 15, type: 'silence', silentMs: 320 },
  ]);
});

test('a pause shorter than minSilenceMs does not end an utterance', () => {
  const facts = factsOf([...times(5, SPEECH), ...times(6, QUIET), ...times(5, SPEECH), ...times(7, QUIET)]);
  assert.deepEqual(facts.map(({ type }) => type), ['speech_started', 'speech_ended']);
  assert.deepEqual(facts[1], { window: 23, type: 'speech_ended', atMs: 512 });
});

test('flicker between the thresholds neither starts nor ends speech', () => {
  assert.deepEqual(factsOf(times(30, 0.36, 0.49)), []);
  assert.deepEqual(factsOf([...times(4, SPEECH), ...times(30, 0.36, 0.49)]).map(({ type }) => type), ['speech_started']);
});

test('the thresholds themselves count as speech', () => {
  const { startThreshold, endThreshold } = DEFAULT_SPEECH_GATE;
  assert.deepEqual(factsOf([startThreshold, endThreshold, endThreshold]), [{ window: 3, type: 'speech_started', atMs: 0 }]);
});

test('a minSpeechMs of nothing starts with the first window', () => {
  const gate = new SpeechGate({ ...DEFAULT_SPEECH_GATE, minSpeechMs: 0 });
  assert.deepEqual(gate.onWindow(SPEECH, WINDOW_SAMPLES), [{ type: 'speech_started', atMs: 0 }]);
});

test('facts alternate, their times never decrease, silence only follows an ended utterance and grows', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(QUIET, SPEECH)), { maxLength: 300 }), (probabilities) => {
      let speaking = false;
      let latestMs = 0;
      let silentMs = Infinity;
      for (const fact of factsOf(probabilities)) {
        if (fact.type === 'silence') {
          assert.ok(!speaking && fact.silentMs > silentMs && latestMs + fact.silentMs === fact.window * 32);
          silentMs = fact.silentMs;
          continue;
        }
        assert.equal(fact.type, speaking ? 'speech_ended' : 'speech_started');
        speaking = !speaking;
        assert.ok(fact.atMs >= latestMs && fact.atMs <= fact.window * 32);
        latestMs = fact.atMs;
        silentMs = speaking ? Infinity : 0;
      }
    }),
    { numRuns: 500 },
  );
});

/** What a fresh gate says to these windows, each fact with the number (from 1) of the window that gave it. */
function factsOf(probabilities: readonly number[]): (SpeechFact & { window: number })[] {
  const gate = new SpeechGate();
  return probabilities.flatMap((probability, index) =>
    gate.onWindow(probability, (index + 1) * WINDOW_SAMPLES).map((fact) => ({ window: index + 1, ...fact })),
  );
}

function times(count: number, ...pattern: readonly number[]): number[] {
  return Array.from({ length: count }, () => pattern).flat();
}
