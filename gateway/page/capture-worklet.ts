import { CAPTURE_PROCESSOR, FRAME_SAMPLES, WIRE_RATE_HZ } from './capture-format.ts';
import { FrameCutter } from './frame-cutter.ts';

class CaptureProcessor extends AudioWorkletProcessor {
  readonly #cutter = new FrameCutter(sampleRate, WIRE_RATE_HZ, FRAME_SAMPLES);
  readonly #send = (frame: Int16Array<ArrayBuffer>): void => this.port.postMessage(frame, [frame.buffer]);

  process(inputs: readonly (readonly Float32Array[])[]): boolean {
    const channel = inputs[0]?.[0];
    if (channel !== undefined) this.#cutter.push(channel, this.#send);
    return true;
  }
}

registerProcessor(CAPTURE_PROCESSOR, CaptureProcessor);
