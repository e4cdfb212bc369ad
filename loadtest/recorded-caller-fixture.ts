import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { pcmFromSamples, samplesFromPcm } from '../shared/audio/pcm.ts';
import { createSession, type AgentRequest } from '../shared/client/session-request.ts';
import { VoiceClient, type AgentNotice } from '../shared/client/voice-client.ts';

const RATE_HZ = 16_000;
const FRAME_MS = 20;
const FRAME_SAMPLES = (RATE_HZ * FRAME_MS) / 1000;
/** Quiet before the recording, so that its first syllable is not the call's first. */
const LEAD_MS = 300;

/** A 16 kHz recording of Debian's pocketsphinx-testdata, by file name. Throws where the package is not installed. */
export function recording(file: string): Int16Array {
  return samplesFromPcm(Uint8Array.from(readFileSync(`/usr/share/pocketsphinx/test/data/${file}`)));
}

/** A caller who plays a recording into a call in real time, as a microphone would, and silence after it until hung up. */
export class RecordedCaller {
  readonly sessionId: string;
  readonly notices: AgentNotice[] = [];
  readonly #client: VoiceClient;
  readonly #audio: Uint8Array[] = [];
  readonly #watchers = new Set<() => void>();
  #isTalking = true;

  /** Use `RecordedCaller.call`. */
  constructor(url: string, sessionId: string, token: string, speech: Int16Array) {
    this.sessionId = sessionId;
    this.#client = new VoiceClient({
      url, token, socket: WebSocket,
      listener: {
        onState: ({ name }) => {
          if (name === 'ready') void this.#talk(speech);
          if (name === 'closed') this.#isTalking = false;
          this.#changed();
        },
        onNotice: (notice) => {
          this.notices.push(notice);
          this.#changed();
        },
        onAudio: ({ bytes }) => this.#audio.push(Uint8Array.from(bytes)),
      },
    });
  }

  /** Creates a session at a gateway and calls it. */
  static async call(gatewayUrl: string, agent: AgentRequest, speech: Int16Array): Promise<RecordedCaller> {
    const { ws_url, session_id, token } = await createSession(gatewayUrl, { agent });
    return new RecordedCaller(ws_url, session_id, token, speech);
  }

  /** Everything the agent said so far, as samples. */
  get heard(): Int16Array {
    return samplesFromPcm(Uint8Array.from(Buffer.concat(this.#audio)));
  }

  /** Final transcripts of one side, in order. */
  transcripts(role: 'caller' | 'agent'): string[] {
    return this.notices.flatMap((notice) => (notice.type === 'transcript' && notice.role === role && notice.final ? [notice.text] : []));
  }

  /** Waits until `find` finds something; the test's own time limit is the limit. Throws where the call ended before. */
  async until<T>(find: () => T | undefined | false): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined && found !== false) return found;
      const { state } = this.#client;
      if (state.name === 'closed') throw new Error(`the call was closed: ${state.code} ${state.reason}; heard ${JSON.stringify(this.notices)}`);
      await new Promise<void>((resolve) => this.#watchers.add(resolve));
    }
  }

  /** Waits until the agent's answer was made whole: so long after its first audio as nothing more of it comes. */
  async wholeAnswer(): Promise<Int16Array> {
    await this.until(() => this.notices.some(({ type }) => type === 'turn'));
    for (let length = -1; length !== this.#audio.length; ) {
      length = this.#audio.length;
      await sleep(1000);
    }
    return this.heard;
  }

  hangUp(): void {
    this.#isTalking = false;
    this.#client.close();
  }

  /** By an absolute clock: a late frame is made up for by the next. */
  async #talk(speech: Int16Array): Promise<void> {
    const startedMs = performance.now();
    const from = (LEAD_MS * RATE_HZ) / 1000;
    for (let at = 0; this.#isTalking; at += FRAME_SAMPLES) {
      const frame = new Int16Array(FRAME_SAMPLES);
      frame.set(speech.subarray(Math.max(0, at - from), Math.max(0, at - from + FRAME_SAMPLES)));
      this.#client.sendAudio(pcmFromSamples(frame));
      const aheadMs = (at * 1000) / RATE_HZ - (performance.now() - startedMs);
      if (aheadMs > 0) await sleep(aheadMs);
    }
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}
