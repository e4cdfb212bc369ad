import { nowMs } from '../shared/runtime/clock.ts';
import { VoxError } from '../shared/runtime/errors.ts';
import type { Hearing } from './hearing.ts';
import type { IngressFrame } from './inbox.ts';
import { AudioFlow } from './turn/audio-flow.ts';

/** Audio that stops in the middle of speech for this long is taken as its end. */
const STALL_MS = 1000;
/** Audio that was due for this long is missing: soon enough to learn that its gateway is dead before the silence ends a turn. */
const MISSING_MS = 200;
/** Audio held while the engines are made ready: half a minute in 20 ms frames. More is shed. */
const MOST_HELD_FRAMES = 1500;
/** Held while the ear opens, or not yet judged: more than this much audio, in frames or in milliseconds, and the ear is behind. */
const BEHIND_FRAMES = 5;
const BEHIND_MS = 100;
/** After the ear failed, audio passes by unheard for this long before it is opened anew. */
const REOPEN_AFTER_MS = 1000;

export interface CallerAudioOptions {
  /** Makes an ear ready; called at the first frame, and again after a failure. */
  readonly open: () => Promise<Hearing>;
  /** Whether the caller is in the middle of a turn, so that more audio is due. */
  readonly isInTurn: () => boolean;
  readonly listener: CallerAudioListener;
}

export interface CallerAudioListener {
  /** Audio that is due has not come for a moment; told once for each gap. Whoever finds out why may call `interrupted`. */
  onMissing(): void;
  onStalled(): void;
  /** A frame is not heard; the first of a run of them is `isFirst`. */
  onShed(frame: IngressFrame, isFirst: boolean): void;
  /** One frame could not be read; the rest is unharmed. */
  onBadFrame(error: VoxError): void;
  /** The ear failed; another is opened for later audio. */
  onFailure(error: unknown): void;
}

type Ear =
  /** Opens at the next frame from `fromMs` on. */
  | { readonly kind: 'closed'; readonly fromMs: number }
  | { readonly kind: 'opening'; readonly held: IngressFrame[] }
  | { readonly kind: 'open'; readonly hearing: Hearing }
  /** The session has ended. */
  | { readonly kind: 'over' };

/** A session's audio on its way to the ear: the ear opens at the first frame, what comes meanwhile is held. */
export class CallerAudio {
  readonly #options: CallerAudioOptions;
  #ear: Ear = { kind: 'closed', fromMs: 0 };
  readonly #flow = new AudioFlow();
  #isShedding = false;
  #stall: NodeJS.Timeout | undefined;

  constructor(options: CallerAudioOptions) {
    this.#options = options;
  }

  /** The ear, once it is open. */
  get hearing(): Hearing | undefined {
    return this.#ear.kind === 'open' ? this.#ear.hearing : undefined;
  }

  /** Whether audio that can wait should: the ear finds speech in what it still holds, which is not much. */
  get isBehind(): boolean {
    if (this.#ear.kind === 'opening') return this.#ear.held.length >= BEHIND_FRAMES;
    return this.#ear.kind === 'open' && this.#ear.hearing.lagMs > BEHIND_MS;
  }

  /** For how long nothing has come that could be heard, although nothing is known to hold it up. */
  get silentMs(): number {
    return this.isBehind ? 0 : this.#flow.silentMs(nowMs());
  }

  /** What the caller says cannot arrive, but does later; `mostMs` bounds how long that is believed. */
  interrupted(mostMs: number): void {
    this.#flow.interrupted(nowMs(), mostMs);
  }

  /** The way of the caller's audio is open again. */
  back(): void {
    this.#flow.back(nowMs());
  }

  /** Takes the next frame. Never throws. */
  take(frame: IngressFrame): void {
    const ear = this.#ear;
    if (ear.kind === 'open') return this.#hear(ear.hearing, frame);
    if (ear.kind === 'opening') return this.#hold(ear.held, frame);
    if (ear.kind === 'over') return;
    if (nowMs() < ear.fromMs) return this.#shed(frame);
    const held = [frame];
    this.#ear = { kind: 'opening', held };
    void this.#open(held).catch((error: unknown) => this.#fail(error));
  }

  /** Frees the ear for good; nothing is called back any more. */
  close(): void {
    clearTimeout(this.#stall);
    this.hearing?.close();
    this.#ear = { kind: 'over' };
  }

  async #open(held: readonly IngressFrame[]): Promise<void> {
    const hearing = await this.#options.open();
    if (this.#ear.kind !== 'opening') {
      hearing.close();
      return;
    }
    this.#ear = { kind: 'open', hearing };
    this.#isShedding = false;
    for (const frame of held) this.#hear(hearing, frame);
  }

  #hold(held: IngressFrame[], frame: IngressFrame): void {
    if (held.length < MOST_HELD_FRAMES) held.push(frame);
    else this.#shed(frame);
  }

  #shed(frame: IngressFrame): void {
    const isFirst = !this.#isShedding;
    this.#isShedding = true;
    this.#options.listener.onShed(frame, isFirst);
  }

  #hear(hearing: Hearing, frame: IngressFrame): void {
    try {
      hearing.take(frame.seq, frame.payload, frame);
    } catch (error) {
      if (error instanceof VoxError) this.#options.listener.onBadFrame(error);
      else this.#fail(error);
    }
    this.#flow.came(nowMs());
    // Whether this frame is speech is known a little later: it may be the last one.
    this.#stall ??= this.#watch();
  }

  /** An engine that throws takes its own session's ear with it, nothing else; the next audio gets a new one. */
  #fail(error: unknown): void {
    if (this.#ear.kind === 'over' || this.#ear.kind === 'closed') return;
    const failed = this.hearing;
    this.#ear = { kind: 'closed', fromMs: nowMs() + REOPEN_AFTER_MS };
    this.#options.listener.onFailure(error);
    failed?.close();
  }

  /** Looks again after a while whether the caller's audio has stopped. */
  #watch(isMissing = false): NodeJS.Timeout {
    return setTimeout(() => {
      this.#stall = undefined;
      if (!this.#options.isInTurn()) return;
      const { silentMs } = this;
      const { listener } = this.#options;
      if (silentMs >= STALL_MS) return listener.onStalled();
      this.#stall = this.#watch(silentMs >= MISSING_MS);
      if (silentMs >= MISSING_MS && !isMissing) listener.onMissing();
    }, MISSING_MS);
  }
}
