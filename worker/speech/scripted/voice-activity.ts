import { EngineError, type VoiceActivity, type VoiceActivityListener, type VoiceActivityStream } from '../ports.ts';
import { LoudnessMeter } from './loudness.ts';
import type { ScriptedCall, ScriptedCalls } from './script.ts';

/** Loud is speech, quiet is not. One stream is one call: a failing one dies at its first or its second window. */
export class ScriptedVoiceActivity implements VoiceActivity {
  readonly name = 'scripted';
  readonly #calls: ScriptedCalls;

  constructor(calls: ScriptedCalls) {
    this.#calls = calls;
  }

  open(listener: VoiceActivityListener): VoiceActivityStream {
    return new ScriptedVoiceActivityStream(listener, this.#calls.next());
  }

  async close(): Promise<void> {
    // Nothing is held: streams live by their owners' references alone.
  }
}

type StreamState = 'live' | 'dead';

/** Waiting windows are bounded by what is pushed within one turn of the event loop. */
class ScriptedVoiceActivityStream implements VoiceActivityStream {
  readonly #listener: VoiceActivityListener;
  readonly #call: ScriptedCall;
  readonly #meter = new LoudnessMeter();
  #waiting: { probability: number; endSample: number }[] = [];
  #delivered = 0;
  #state: StreamState = 'live';

  constructor(listener: VoiceActivityListener, call: ScriptedCall) {
    this.#listener = listener;
    this.#call = call;
  }

  push(samples: Int16Array): void {
    if (this.#state === 'dead') return;
    this.#meter.push(samples, (loud, endSample) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#deliver());
      this.#waiting.push({ probability: loud ? 0.98 : 0.02, endSample });
    });
  }

  close(): void {
    this.#state = 'dead';
    this.#waiting = [];
  }

  #deliver(): void {
    const windows = this.#waiting;
    this.#waiting = [];
    for (const { probability, endSample } of windows) {
      if (this.#state === 'dead') return;
      if (this.#failsNow()) return this.#fail();
      this.#delivered += 1;
      this.#listener.onWindow(probability, endSample);
    }
  }

  #failsNow(): boolean {
    const { fault } = this.#call;
    return fault === 'before' || (fault === 'after' && this.#delivered > 0);
  }

  #fail(): void {
    this.close();
    this.#listener.onFailure(new EngineError('scripted fault', true));
  }
}
