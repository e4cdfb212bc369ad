import type { Bus } from '../../shared/bus/bus.ts';

/** A process of the model: its name on the bus is another one after each start. */
export interface Process {
  readonly id: string;
  isDead: boolean;
  isFrozen: boolean;
}

type Delivery = () => void | Promise<void>;

interface Link {
  readonly to: Process;
  /** The bus may lose what is on the way; a socket loses only what follows on a cut. */
  readonly isBus: boolean;
  readonly queue: Delivery[];
}

/** Everything on its way between two processes: in order on each link, for as long as it likes. */
export class Network {
  readonly #links = new Map<string, Link>();

  /** Puts something on the way. */
  send(from: string, to: Process, isBus: boolean, delivery: Delivery): void {
    const name = `${from}>${to.id}`;
    const link = this.#links.get(name) ?? { to, isBus, queue: [] };
    this.#links.set(name, link);
    link.queue.push(delivery);
  }

  /** A socket that breaks: what was on the way on it is gone. */
  cut(from: string, to: string): void {
    this.#links.delete(`${from}>${to}`);
  }

  /** Delivers the next of the links, counted round. False where nothing can arrive. */
  async deliver(at: number): Promise<boolean> {
    const link = this.#pick(at, () => true);
    if (link === undefined) return false;
    await link.queue.shift()?.();
    return true;
  }

  /** The bus loses the next `count` messages of one of its links. */
  lose(at: number, count: number): boolean {
    return (this.#pick(at, ({ isBus }) => isBus)?.queue.splice(0, count).length ?? 0) > 0;
  }

  #pick(at: number, isMeant: (link: Link) => boolean): Link | undefined {
    for (const [name, { to, queue }] of this.#links) if (to.isDead || queue.length === 0) this.#links.delete(name);
    const names = [...this.#links.keys()].sort();
    const links = names.flatMap((name) => this.#links.get(name) ?? []).filter((link) => !link.to.isFrozen && isMeant(link));
    return links[at % Math.max(1, links.length)];
  }
}

/** The product's senders publish on this; `onPublish` is told for which process. */
export function modelBus(onPublish: (processId: string, batch: Uint8Array) => void): Bus {
  const none = (): never => {
    throw new Error('the model asks by messages of its own');
  };
  return {
    connected: true, hasSentAll: () => false,
    publish: (subject, batch) => {
      onPublish(subject.split('.')[2] ?? '', batch);
      return true;
    },
    subscribe: none, request: none, hasListener: none, onConnection: none, close: none,
  };
}
