import { CAPTURE_PROCESSOR, WIRE_RATE_HZ } from './capture-format.ts';
import { MicrophoneError } from './plain-words.ts';

const CAPTURE_MODULE = new URL('./capture-worklet.js', import.meta.url);

/** An open microphone. */
export interface Microphone {
  /** From now on gets a frame of 20 ms every 20 ms, to keep. */
  onFrame: (frame: Int16Array<ArrayBuffer>) => void;
  close(): void;
}

/**
 * Asks for the microphone and opens it. With `headphones` the browser's echo cancellation, noise suppression and gain
 * control are off: the voice arrives as it is, but a loudspeaker would be heard as well. Throws MicrophoneError.
 */
export async function openMicrophone(headphones: boolean): Promise<Microphone> {
  const stream = await askForStream(headphones);
  const { context, source } = sourceAtAnyRate(stream);
  try {
    await context.audioWorklet.addModule(CAPTURE_MODULE);
    await context.resume();
  } catch (cause) {
    stopStream(stream);
    await context.close();
    throw new MicrophoneError('the microphone could not be read', { cause });
  }
  const node = new AudioWorkletNode(context, CAPTURE_PROCESSOR, { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
  source.connect(node);
  const microphone: Microphone = {
    onFrame: () => undefined,
    close: () => {
      node.port.onmessage = null;
      stopStream(stream);
      void context.close();
    },
  };
  node.port.onmessage = (event: MessageEvent<Int16Array<ArrayBuffer>>) => microphone.onFrame(event.data);
  return microphone;
}

async function askForStream(headphones: boolean): Promise<MediaStream> {
  // Absent, whatever the types say, where the page was not loaded over https or from this machine.
  if (!('mediaDevices' in navigator)) throw new MicrophoneError('no microphone on an insecure page');
  const processed = !headphones;
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: { channelCount: 1, echoCancellation: processed, noiseSuppression: processed, autoGainControl: processed },
    });
  } catch (cause) {
    throw new MicrophoneError('the microphone was refused', { cause });
  }
}

/** At the wire's rate where the browser converts a microphone by itself; at the device's rate elsewhere (Firefox). */
function sourceAtAnyRate(stream: MediaStream): { context: AudioContext; source: MediaStreamAudioSourceNode } {
  const context = new AudioContext({ sampleRate: WIRE_RATE_HZ, latencyHint: 'interactive' });
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    // The browser insists on the device's own rate: the worklet resamples.
    void context.close();
    const native = new AudioContext({ latencyHint: 'interactive' });
    return { context: native, source: native.createMediaStreamSource(stream) };
  }
}

function stopStream(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
