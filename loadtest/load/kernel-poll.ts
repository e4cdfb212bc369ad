import { EPOLL_EVENT, LINUX, type Libc } from './libc.ts';

const MOST_EVENTS = 1024;
/** For so long at most the process does nothing but its streams: its timers are late by no more, and Node's do not come finer. */
const SLICE_MS = 1;

/** What is ready, as bits of epoll. */
export type OnReady = (events: number) => void;

/** One descriptor that is waited for. */
export interface Watch {
  /** Waits for other events from now on. */
  change(events: number): void;
  /** To be called before the descriptor is closed. */
  forget(): void;
}

/**
 * Waits for file descriptors beside Node's own event loop, and tells each at once that it is ready. Where frames come one by one
 * for hundreds of callers, a turn of Node's loop for each costs more than the frame, and makes the next ones late.
 */
export class KernelPoll {
  readonly #libc: Libc;
  readonly #epoll: number;
  readonly #events = Buffer.alloc(MOST_EVENTS * EPOLL_EVENT.bytes);
  readonly #event = Buffer.alloc(EPOLL_EVENT.bytes);
  /** By a number of its own each: the kernel gives a descriptor's number to the next one as soon as it is closed. */
  readonly #watched = new Map<number, OnReady>();
  #newest = 0;
  #state: 'resting' | 'turning' = 'resting';

  /** Throws where the kernel gives no epoll. */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#epoll = libc.epoll_create1(0);
    if (this.#epoll < 0) throw new Error(`no epoll to be had: errno ${libc.errno()}`);
  }

  /** Calls back whenever one of `events` is there, until it is forgotten. */
  watch(fd: number, events: number, onReady: OnReady): Watch {
    this.#newest = (this.#newest + 1) >>> 0;
    const id = this.#newest;
    this.#control(LINUX.EPOLL_CTL_ADD, fd, events, id);
    this.#watched.set(id, onReady);
    if (this.#state === 'resting') this.#continue();
    return {
      change: (others) => this.#control(LINUX.EPOLL_CTL_MOD, fd, others, id),
      forget: () => {
        if (this.#watched.delete(id)) this.#control(LINUX.EPOLL_CTL_DEL, fd, 0, id);
      },
    };
  }

  #control(operation: number, fd: number, events: number, id: number): void {
    this.#event.writeUInt32LE(events, 0);
    this.#event.writeUInt32LE(id, EPOLL_EVENT.dataAt);
    if (this.#libc.epoll_ctl(this.#epoll, operation, fd, this.#event) < 0) throw new Error(`epoll refuses descriptor ${fd}: errno ${this.#libc.errno()}`);
  }

  #continue(): void {
    this.#state = this.#watched.size > 0 ? 'turning' : 'resting';
    if (this.#state === 'turning') setImmediate(() => this.#turn());
  }

  #turn(): void {
    const untilMs = performance.now() + SLICE_MS;
    do {
      const count = this.#libc.epoll_wait(this.#epoll, this.#events, MOST_EVENTS, SLICE_MS);
      for (let at = 0; at < count * EPOLL_EVENT.bytes; at += EPOLL_EVENT.bytes) {
        this.#watched.get(this.#events.readUInt32LE(at + EPOLL_EVENT.dataAt))?.(this.#events.readUInt32LE(at));
      }
    } while (performance.now() < untilMs);
    this.#continue();
  }
}
