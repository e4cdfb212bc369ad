import type { AgentAudio } from '../../shared/client/voice-client.ts';
import { WIRE_RATE_HZ } from './capture-format.ts';
import { PLAYOUT_PROCESSOR, type PlayoutCommand, type PlayoutNews } from './playout-messages.ts';

const PLAYOUT_MODULE = new URL('./playout-worklet.js', import.meta.url);
/** Media timestamps are whole milliseconds: so far apart may two neighbours be by rounding. */
const TIMESTAMP_SLACK_MS = 2;

/** The loudspeaker's side of a call. */
export class Playout {
  readonly #context: AudioContext;
  readonly #node: AudioWorkletNode;
  #expectedMs = 0;

  private constructor(context: AudioContext, node: AudioWorkletNode) {
    this.#context = context;
    this.#node = node;
  }

  /** Opens the loudspeaker; `record` adds what really went out to the news. To be called from a click. */
  static async open(record: boolean, onNews: (news: PlayoutNews) => void): Promise<Playout> {
    const context = new AudioContext({ sampleRate: WIRE_RATE_HZ, latencyHint: 'interactive' });
    await context.audioWorklet.addModule(PLAYOUT_MODULE);
    await context.resume();
    const node = new AudioWorkletNode(context, PLAYOUT_PROCESSOR, {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions: { record },
    });
    node.port.onmessage = (event: MessageEvent<PlayoutNews>) => onNews(event.data);
    node.connect(context.destination);
    return new Playout(context, node);
  }

  /** Plays 16-bit samples behind whatever waits; a message that does not continue the one before begins a new reply. */
  push(audio: AgentAudio): void {
    const samples = new Int16Array(Uint8Array.from(audio.bytes).buffer);
    const continues = audio.timestampMs > 0 && Math.abs(audio.timestampMs - this.#expectedMs) <= TIMESTAMP_SLACK_MS;
    this.#expectedMs = audio.timestampMs + (samples.length * 1000) / WIRE_RATE_HZ;
    this.#command({ kind: 'audio', seq: audio.seq, samples, continues }, [samples.buffer]);
  }

  /** Falls silent at once. */
  clear(): void {
    this.#command({ kind: 'clear' }, []);
  }

  close(): void {
    this.#node.port.onmessage = null;
    void this.#context.close();
  }

  #command(command: PlayoutCommand, transfer: Transferable[]): void {
    this.#node.port.postMessage(command, transfer);
  }
}
