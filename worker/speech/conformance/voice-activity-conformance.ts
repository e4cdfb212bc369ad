import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { INTERNAL_RATE_HZ, type EngineError, type VoiceActivity, type VoiceActivityListener, type VoiceActivityStream } from '../ports.ts';
import { frames, joined, silence } from './recordings.ts';
import { CONFORMANCE_TIMEOUT_MS, sharedEngine } from './shared-engine.ts';

export interface VoiceActivityExpectations {
  /** A human voice at INTERNAL_RATE_HZ. */
  readonly speech: Int16Array;
}

/** No analysis window may be longer, so no stream may be behind by more: 100 ms. */
const MAX_WINDOW_SAMPLES = INTERNAL_RATE_HZ / 10;
const options = { timeout: CONFORMANCE_TIMEOUT_MS };

/** Registers tests of what `VoiceActivity` promises, run on one implementation. */
export function describeVoiceActivity(name: string, make: () => Promise<VoiceActivity>, { speech }: VoiceActivityExpectations): void {
  describe(`voice activity: ${name}`, () => {
    const engine = sharedEngine(make);

    it('hears of windows in order, to the end, with probabilities', options, async () => {
      const { windows } = await hearAll(await engine(), [...frames(speech)]);
      let before = 0;
      for (const { probability, endSample } of windows) {
        assert.ok(probability >= 0 && probability <= 1, `probability ${probability}`);
        assert.ok(endSample > before && endSample - before <= MAX_WINDOW_SAMPLES, `window ${before}–${endSample}`);
        before = endSample;
      }
      assert.ok(before <= speech.length);
    });

    it('tells a voice from silence', options, async () => {
      const { windows } = await hearAll(await engine(), [...frames(joined(silence(1000), speech))]);
      const quiet = windows.filter(({ endSample }) => endSample <= INTERNAL_RATE_HZ);
      const voiced = windows.filter(({ endSample }) => endSample > INTERNAL_RATE_HZ);
      assert.ok(quiet.every(({ probability }) => probability < 0.5));
      const share = voiced.filter(({ probability }) => probability > 0.5).length / voiced.length;
      assert.ok(share > 0.3, `only ${share} of the recording counted as speech`);
    });

    it('hears the same whatever the size of the pieces', options, async () => {
      const whole = await hearAll(await engine(), [speech]);
      const pieces = await hearAll(await engine(), [...frames(speech, 331)]);
      assertSame(pieces.windows, whole.windows);
    });

    it('never calls back from within push', options, async () => {
      const { calledInsidePush } = await hearAll(await engine(), [...frames(speech)]);
      assert.equal(calledInsidePush, false);
    });

    it('keeps no reference to what it was given', options, async () => {
      const untouched = await hearAll(await engine(), [...frames(speech)]);
      const overwritten = await hearAll(await engine(), [...frames(speech)], (samples) => samples.fill(12_345));
      assertSame(overwritten.windows, untouched.windows);
    });

    it('keeps streams apart', options, async () => {
      const alone = await hearAll(await engine(), [...frames(speech)]);
      const others = await Promise.all([
        hearAll(await engine(), [...frames(speech)]),
        hearAll(await engine(), [...frames(silence(1500))]),
        hearAll(await engine(), [...frames(speech)]),
      ]);
      assertSame(others[0].windows, alone.windows);
      assertSame(others[2].windows, alone.windows);
      assert.ok(others[1].windows.every(({ probability }) => probability < 0.5));
    });

    it('says nothing after a stream was closed, and minds no push after it', options, async () => {
      const hearing = new Hearing();
      const stream = (await engine()).open(hearing);
      for (const samples of frames(speech)) stream.push(samples);
      stream.close();
      stream.push(speech);
      await hearAll(await engine(), [...frames(speech)]);
      assert.equal(hearing.windows.length, 0);
    });
  });
}

interface Window {
  readonly probability: number;
  readonly endSample: number;
}

/** Writes down what a stream calls back. */
class Hearing implements VoiceActivityListener {
  readonly windows: Window[] = [];
  pushing = false;
  calledInsidePush = false;
  #wake: { readonly endSample: number; readonly resolve: () => void; readonly reject: (error: EngineError) => void } | undefined;

  onWindow(probability: number, endSample: number): void {
    this.calledInsidePush ||= this.pushing;
    this.windows.push({ probability, endSample });
    if (this.#wake !== undefined && endSample >= this.#wake.endSample) this.#wake.resolve();
  }

  onFailure(error: EngineError): void {
    this.#wake?.reject(error);
  }

  /** Resolves when a window that ends at `endSample` or later is heard. Rejects when the stream dies. */
  until(endSample: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wake = { endSample, resolve, reject };
    });
  }

  push(stream: VoiceActivityStream, samples: Int16Array): void {
    this.pushing = true;
    stream.push(samples);
    this.pushing = false;
  }
}

/** Pushes pieces, with the event loop turning now and then, and waits until all of them are heard. */
async function hearAll(engine: VoiceActivity, pieces: readonly Int16Array[], afterPush?: (samples: Int16Array) => void): Promise<Hearing> {
  const hearing = new Hearing();
  const stream = engine.open(hearing);
  const total = pieces.reduce((length, piece) => length + piece.length, 0);
  const heard = hearing.until(total - MAX_WINDOW_SAMPLES);
  for (const [place, piece] of pieces.entries()) {
    hearing.push(stream, piece);
    afterPush?.(piece);
    if (place % 8 === 0) await new Promise(setImmediate);
  }
  await heard;
  stream.close();
  return hearing;
}

/** The later list may have been cut short by a close: only what both have is compared. */
function assertSame(actual: readonly Window[], expected: readonly Window[]): void {
  const common = Math.min(actual.length, expected.length);
  assert.ok(common > 0 && Math.abs(actual.length - expected.length) * 512 <= MAX_WINDOW_SAMPLES);
  for (let i = 0; i < common; i++) {
    assert.equal(actual[i]?.endSample, expected[i]?.endSample);
    const difference = Math.abs((actual[i]?.probability ?? 0) - (expected[i]?.probability ?? 1));
    assert.ok(difference < 1e-3, `window ${i} differs by ${difference}`);
  }
}
