import type { AudioFormat } from '../protocol/audio-format.ts';
import type { ClientClock } from './client-clock.ts';
import type { Connection } from './connection.ts';
import { KeptMessages, type Backlog, type IngressPlace, type KeptLimits, type LostAudio } from './kept-messages.ts';

/** What became of what was given to send: on its way; kept until it can be; or given up at once. */
export type SendOutcome = 'sent' | 'kept' | 'dropped';

export interface OutboxOptions {
  readonly limits: KeptLimits;
  /** Nothing is added to a socket while so much waits in it for the network. */
  readonly maxBufferedBytes: number;
  readonly clock: ClientClock;
  readonly onLost: (lost: LostAudio) => void;
}

/** A socket that was full is looked at again after so long. */
const FULL_PAUSE_MS = 20;

/**
 * Everything on its way to the agent, in the order in which it was said, over one connection after the other. What a
 * connection did not carry to its end goes over the next before anything new, no faster than the network takes it.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #kept: KeptMessages;
  #connection: Connection | undefined;
  /** Said while there was no connection, behind the message of this number. */
  #cancelAfterSeq: number | undefined;
  #played: number | undefined;
  #stopWaiting: (() => void) | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#kept = new KeptMessages(options.limits, options.onLost);
  }

  addAudio(bytes: Uint8Array): SendOutcome {
    return this.#kept.addAudio(bytes) ? this.#flush() : 'dropped';
  }

  addText(content: string): SendOutcome {
    return this.#kept.addText(content) ? this.#flush() : 'dropped';
  }

  /** Once, behind what was said before it; two while there is no connection are one. */
  cancel(): SendOutcome {
    this.#cancelAfterSeq = this.#kept.newest;
    return this.#flush();
  }

  /** Everything up to the agent message numbered `seq` was played. The newest is said again on every connection. */
  played(seq: number): SendOutcome {
    this.#played = seq;
    return this.#connection?.tell({ type: 'played', seq }) === true ? 'sent' : 'kept';
  }

  /** Goes on over a connection that is ready. Answers what waits for it; `flush` begins to send that. */
  begin(connection: Connection, place: IngressPlace | undefined, format: AudioFormat): Backlog {
    this.#connection = connection;
    const { newest } = this.#kept;
    // A gateway that does not tell the place knows nothing of resuming: there is nothing to be sent again.
    return this.#kept.begin(place ?? { committed: newest - this.#kept.waiting, received: newest - this.#kept.waiting }, format);
  }

  /** What `begin` answered is sent, then the newest playout mark. */
  flush(): void {
    this.#flush();
    if (this.#played !== undefined) this.played(this.#played);
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#connection = undefined;
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }

  commit(committed: number): void {
    this.#kept.commit(committed);
  }

  /** The message of this number was answered or refused; answers whether that is news. */
  answered(seq: number): boolean {
    return this.#kept.answered(seq);
  }

  #flush(): SendOutcome {
    const connection = this.#connection;
    while (connection?.isOpen === true) {
      if (connection.bufferedBytes >= this.#options.maxBufferedBytes) {
        this.#waitForNetwork();
        return 'kept';
      }
      if (!this.#sendNext(connection)) return 'sent';
    }
    return 'kept';
  }

  /** Answers whether there was anything to send. */
  #sendNext(connection: Connection): boolean {
    const { nextSeq } = this.#kept;
    if (this.#cancelAfterSeq !== undefined && (nextSeq === undefined || nextSeq > this.#cancelAfterSeq)) {
      this.#cancelAfterSeq = undefined;
      return connection.tell({ type: 'cancel' });
    }
    const message = this.#kept.take();
    if (message === undefined) return false;
    connection.send(message);
    return true;
  }

  #waitForNetwork(): void {
    this.#stopWaiting ??= this.#options.clock.after(FULL_PAUSE_MS, () => {
      this.#stopWaiting = undefined;
      this.#flush();
    });
  }
}
