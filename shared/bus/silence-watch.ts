import { Silence } from './silence.ts';

/** How often the other side is asked for a sign of life, and looked whether any came. */
const LOOK_EVERY_MS = 1000;

/** A connection, as far as its life is watched. */
export interface Watched {
  isConnected(): boolean;
  /** Counts what has come, and only grows. */
  heard(): number;
  /** Asks for a sign of life; resolves with whether one came, which may be late or, on a dead connection, never. */
  ping(): Promise<boolean>;
  /** The other side has fallen silent. */
  onSilent(): Promise<void>;
  /** Watching itself failed. */
  onCrash(error: unknown): void;
}

/** Watches over one connection from now until `stop`. */
export class SilenceWatch {
  readonly #watched: Watched;
  readonly #silence = new Silence();
  readonly #timer: NodeJS.Timeout;
  #pongs = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#timer = setInterval(() => {
      void this.#look().catch((error: unknown) => watched.onCrash(error));
    }, LOOK_EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (!this.#watched.isConnected()) return this.#silence.restart();
    if (this.#silence.isTooLong(this.#watched.heard() + this.#pongs)) {
      this.#silence.restart();
      return this.#watched.onSilent();
    }
    if (await this.#watched.ping()) this.#pongs += 1;
  }
}
