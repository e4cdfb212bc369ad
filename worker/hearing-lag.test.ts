import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_AUDIO_FORMAT } from '../shared/protocol/audio-format.ts';
import { Hearing } from './hearing.ts';
import type { FinalTranscript, Recognizer, VoiceActivity, VoiceActivityListener } from './speech/ports.ts';
import { initialState, reduce, type TurnState } from './turn/reducer.ts';
import type { TurnEvent } from './turn/turn-event.ts';

const WINDOW_SAMPLES = 512;
const FRAME_SAMPLES = 320;
/** Speech has to last so many windows to count. */
const LEAST_SPEECH = 3;
const CONFIG = { endpointSilenceMs: 500, turnLimitMs: 60_000 };

/** One caller's ear and turns: voice activity judges when it is told to; each sample is its own number, each window speech or not. */
class LaggingEar {
  readonly turns: number[][] = [];
  /** For each turn the seq up to which it is stored. */
  readonly endSeqs: number[] = [];
  taken = 0;
  judged = 0;
  readonly #isSpeech: (window: number) => boolean;
  readonly #frameSamples: number;
  #voice: VoiceActivityListener | undefined;
  #hearing: Hearing | undefined;
  #seq = 0;
  #state: TurnState = initialState(0);

  constructor(isSpeech: (window: number) => boolean, frameSamples: number) {
    this.#isSpeech = isSpeech;
    this.#frameSamples = frameSamples;
  }

  static async open(isSpeech: (window: number) => boolean, frameSamples = FRAME_SAMPLES): Promise<LaggingEar> {
    const ear = new LaggingEar(isSpeech, frameSamples);
    await ear.#open();
    return ear;
  }

  /** Takes in so many frames; none is judged by that. */
  take(frames: number): void {
    for (let frame = 0; frame < frames; frame++) {
      this.#seq += 1;
      const samples = Int16Array.from({ length: this.#frameSamples }, (_, at) => this.taken + at - 32_768);
      this.taken += samples.length;
      this.#hearing?.take(this.#seq, new Uint8Array(samples.buffer), { receivedUs: 0, flushedUs: 0, arrivedUs: 0, takenUs: 0 });
    }
  }

  /** Judges so many windows of what was taken in. */
  judge(windows: number): void {
    for (let left = windows; left > 0 && (this.judged + 1) * WINDOW_SAMPLES <= this.taken; left--) {
      this.judged += 1;
      this.#voice?.onWindow(this.#isSpeech(this.judged - 1) ? 0.95 : 0.05, this.judged * WINDOW_SAMPLES);
    }
  }

  happen(event: TurnEvent, isDecided = false): void {
    const { state, effects } = reduce(this.#state, event, CONFIG);
    this.#state = state;
    for (const effect of effects) {
      if (effect.type === 'start_recognizer') this.#hearing?.startTurn(effect.turn, effect.fromMs);
      if (effect.type === 'pause_recognizer') this.#hearing?.pauseTurn(effect.turn);
      if (effect.type === 'finish_recognizer') this.endSeqs.push(this.#hearing?.endTurn(effect.turn, isDecided ? 'silence' : 'clock') ?? 0);
    }
  }

  /** How often each sample of the call was given to a turn. */
  given(): Uint8Array {
    const times = new Uint8Array(this.taken);
    for (const sample of this.turns.flat()) times[sample] = (times[sample] ?? 0) + 1;
    return times;
  }

  async #open(): Promise<void> {
    const voiceActivity: VoiceActivity = {
      name: 'by hand',
      open: (listener) => {
        this.#voice = listener;
        return { push: () => undefined, close: () => undefined };
      },
      close: async () => undefined,
    };
    const recognizer: Recognizer = {
      name: 'keeping',
      warm: () => undefined,
      open: () => {
        const samples: number[] = [];
        this.turns.push(samples);
        const finish = async (): Promise<FinalTranscript> => ({ outcome: 'nothing' });
        return { push: (more) => samples.push(...Array.from(more, (sample) => sample + 32_768)), pause: () => undefined, resume: () => undefined, finish, abort: () => undefined };
      },
      close: async () => undefined,
    };
    this.#hearing = await Hearing.open({
      format: DEFAULT_AUDIO_FORMAT, bias: { language: 'en-US', phrases: [] },
      voiceActivity: async () => voiceActivity, recognizer: async () => recognizer,
      listener: {
        onFact: (fact) => this.happen(fact, true),
        onSilence: () => undefined, onPartial: () => undefined, onVoiceActivityFailure: () => undefined,
      },
    });
  }
}

test('audio that comes late, and is judged after the clock has ended the turn, is in the next turn alone', async () => {
  const ear = await LaggingEar.open((window) => window < 20 || window >= 30);
  ear.take(48);
  ear.judge(Infinity);
  ear.take(40);
  ear.happen({ type: 'timer', timer: 'endpoint' });
  ear.judge(Infinity);
  assert.equal(ear.turns.length, 2);
  assert.deepEqual([...new Set(ear.given())], [1], 'all of it, each sample once');
  assert.equal(ear.turns[1]?.[0], 48 * FRAME_SAMPLES);
  assert.deepEqual(ear.endSeqs, [48], 'the rest is not stored with it');
});

test('speech that has only begun when the clock ends a turn is the next turn from its first sample', async () => {
  const ear = await LaggingEar.open((window) => window < 20 || window >= 29);
  ear.take(80);
  ear.judge(31);
  ear.happen({ type: 'timer', timer: 'endpoint' });
  ear.judge(Infinity);
  assert.ok((ear.turns[1]?.[0] ?? 0) <= 29 * WINDOW_SAMPLES + FRAME_SAMPLES);
  assert.equal(Math.max(...ear.given()), 1);
});

test('where voice activity is seconds behind, an open turn is given what cannot be kept any longer', async () => {
  const ear = await LaggingEar.open(() => true);
  ear.take(20);
  ear.judge(Infinity);
  ear.take(180);
  ear.judge(Infinity);
  ear.happen({ type: 'timer', timer: 'limit' });
  assert.equal(ear.turns.length, 1);
  assert.ok(ear.given().every((times) => times === 1));
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('take' as const), count: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('judge' as const), count: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('audio_stalled' as const, 'endpoint' as const, 'limit' as const), count: fc.constant(0) }) },
);
const stretches = fc.array(fc.integer({ min: 1, max: 25 }), { minLength: 1, maxLength: 12 });

test('whatever lags, stalls and is cut: no sample is in two turns, and all speech is in one', async () => {
  await fc.assert(
    fc.asyncProperty(stretches, fc.array(step, { maxLength: 60 }), fc.constantFrom(160, 320, 500, 1600), async (lengths, steps, frameSamples) => {
      const windows = lengths.flatMap((length, at) => Array.from({ length }, () => at % 2 === 1));
      const ear = await LaggingEar.open((window) => windows[window] ?? false, frameSamples);
      const cuts: number[] = [];
      for (const { kind, count } of steps) {
        if (kind === 'take' && ear.taken + count * frameSamples < 44_000) ear.take(count);
        else if (kind === 'judge') ear.judge(count);
        else if (kind === 'audio_stalled') ear.happen({ type: kind });
        else if (kind === 'endpoint' || kind === 'limit') ear.happen({ type: 'timer', timer: kind });
        if (kind !== 'take' && kind !== 'judge') cuts.push(ear.judged);
      }
      ear.judge(Infinity);
      const given = ear.given();
      assert.ok(given.every((times) => times <= 1), 'no sample is in two turns');
      for (const [from, to] of runsOf(windows.slice(0, ear.judged), cuts)) {
        if (to - from < LEAST_SPEECH) continue;
        assert.ok(given.subarray(from * WINDOW_SAMPLES, to * WINDOW_SAMPLES).every((times) => times === 1), `speech of windows ${from} to ${to} is in a turn`);
      }
      for (let at = 1; at < ear.endSeqs.length; at++) assert.ok((ear.endSeqs[at] ?? 0) >= (ear.endSeqs[at - 1] ?? 0));
    }),
    { numRuns: 1000 },
  );
});

/** Stretches of speech without a pause or a cut in them, in windows. */
function runsOf(windows: readonly boolean[], cuts: readonly number[]): [from: number, to: number][] {
  const runs: [number, number][] = [];
  let from = 0;
  for (let at = 0; at <= windows.length; at++) {
    if (windows[at] === true && !cuts.includes(at)) continue;
    if (at > from) runs.push([from, at]);
    from = windows[at] === true ? at : at + 1;
  }
  return runs;
}
