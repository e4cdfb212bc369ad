import { loudness } from './loudness.ts';
import { PLAYOUT_PROCESSOR, type PlayoutCommand, type PlayoutNews } from './playout-messages.ts';
import { PlayoutRing } from './playout-ring.ts';

const CAPACITY_S = 60;
const START_S = 0.06;
const MAX_START_S = 0.25;
const FADE_S = 0.005;
/** At 16 kHz and 128 samples a call, 96 ms. */
const CALLS_PER_NEWS = 12;
const CALL_SAMPLES = 128;
const FULL_SCALE = 32768;

class PlayoutProcessor extends AudioWorkletProcessor {
  readonly #ring = new PlayoutRing({
    capacitySamples: CAPACITY_S * sampleRate,
    startSamples: START_S * sampleRate,
    maxStartSamples: MAX_START_S * sampleRate,
    fadeSamples: FADE_S * sampleRate,
  });
  readonly #record: boolean;
  readonly #output = new Int16Array(CALLS_PER_NEWS * CALL_SAMPLES);
  #written = 0;

  constructor(options: AudioWorkletNodeOptions) {
    super();
    const settings: unknown = options.processorOptions;
    this.#record = typeof settings === 'object' && settings !== null && 'record' in settings && settings.record === true;
    this.port.onmessage = (event: MessageEvent<PlayoutCommand>) => {
      const command = event.data;
      if (command.kind === 'clear') this.#ring.clear();
      else this.#ring.push(command.seq, command.samples, command.continues);
    };
  }

  process(_inputs: readonly (readonly Float32Array[])[], outputs: readonly (readonly Float32Array[])[]): boolean {
    const channel = outputs[0]?.[0];
    if (channel === undefined) return true;
    this.#ring.pull(channel);
    for (let at = 0; at < channel.length; at += 1) this.#output[this.#written + at] = (channel[at] ?? 0) * FULL_SCALE;
    this.#written += channel.length;
    if (this.#written + channel.length > this.#output.length) this.#tell();
    return true;
  }

  #tell(): void {
    const output = this.#output.slice(0, this.#written);
    this.#written = 0;
    const news: PlayoutNews = { ...this.#ring.report, level: loudness(output) };
    if (this.#record) this.port.postMessage({ ...news, output }, [output.buffer]);
    else this.port.postMessage(news);
  }
}

registerProcessor(PLAYOUT_PROCESSOR, PlayoutProcessor);
