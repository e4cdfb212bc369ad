import { VoxError } from '../shared/runtime/errors.ts';
import type { Hearing } from './hearing.ts';
import type { IngressFrame } from './inbox.ts';

/** Audio that stops in the middle of speech for this long is taken as its end. */
const STALL_MS = 1000;
/** Audio held while the engines are made ready: half a minute in 20 ms frames. More is shed. */
const MOST_HELD_FRAMES = 1500;

export interface CallerAudioOptions {
  /** Makes the ear ready; called once, at the first frame. */
  readonly open: () => Promise<Hearing>;
  /** Whether the caller is in the middle of speech, so that more audio is due. */
  readonly isSpeaking: () => boolean;
  readonly listener: CallerAudioListener;
}

export interface CallerAudioListener {
  onStalled(): void;
  onShed(frame: IngressFrame): void;
  /** One frame could not be read; the rest is unharmed. */
  onBadFrame(error: VoxError): void;
  onCrash(error: unknown): void;
}

/** A session's audio on its way to the ear: the ear opens at the first frame, what comes meanwhile is held. */
export class CallerAudio {
  readonly #options: CallerAudioOptions;
  #ear: { kind: 'closed' } | { kind: 'opening'; held: IngressFrame[] } | { kind: 'open'; hearing: Hearing } = { kind: 'closed' };
  #newestSeq = 0;
  #stall: NodeJS.Timeout | undefined;

  constructor(options: CallerAudioOptions) {
    this.#options = options;
  }

  /** The ear, once it is open. */
  get hearing(): Hearing | undefined {
    return this.#ear.kind === 'open' ? this.#ear.hearing : undefined;
  }

  /** Takes the next frame. */
  take(frame: IngressFrame): void {
    this.#newestSeq = frame.seq;
    if (this.#ear.kind === 'open') return this.#hear(this.#ear.hearing, frame);
    if (this.#ear.kind === 'closed') {
      this.#ear = { kind: 'opening', held: [] };
      void this.#open().catch((error: unknown) => this.#options.listener.onCrash(error));
    }
    if (this.#ear.held.length >= MOST_HELD_FRAMES) this.#options.listener.onShed(frame);
    else this.#ear.held.push(frame);
  }

  /** Frees the ear; nothing is called back any more. */
  close(): void {
    clearTimeout(this.#stall);
    this.hearing?.close();
    this.#ear = { kind: 'closed' };
  }

  async #open(): Promise<void> {
    const hearing = await this.#options.open();
    if (this.#ear.kind !== 'opening') {
      hearing.close();
      return;
    }
    const { held } = this.#ear;
    this.#ear = { kind: 'open', hearing };
    for (const frame of held) this.#hear(hearing, frame);
  }

  #hear(hearing: Hearing, frame: IngressFrame): void {
    try {
      hearing.take(frame.seq, frame.payload, frame.stamps);
    } catch (error) {
      if (!(error instanceof VoxError)) throw error;
      this.#options.listener.onBadFrame(error);
    }
    if (this.#options.isSpeaking()) this.#stall ??= this.#watch(frame.seq);
  }

  /** Looks again after a while: if no frame came after this one, the caller's audio has stopped. */
  #watch(seq: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#stall = undefined;
      if (!this.#options.isSpeaking()) return;
      if (this.#newestSeq === seq) this.#options.listener.onStalled();
      else this.#stall = this.#watch(this.#newestSeq);
    }, STALL_MS);
  }
}
