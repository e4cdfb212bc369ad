/** What an AudioWorklet's global scope has beyond the language; TypeScript ships no library for it. */
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

/** The scope's sample rate, in hertz. */
declare const sampleRate: number;

declare function registerProcessor(
  name: string,
  processor: new (options: AudioWorkletNodeOptions) => AudioWorkletProcessor & {
    process(inputs: readonly (readonly Float32Array[])[], outputs: readonly (readonly Float32Array[])[]): boolean;
  },
): void;
