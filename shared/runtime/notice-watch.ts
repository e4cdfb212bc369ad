import type { Bus } from '../bus/bus.ts';
import type { SessionStore } from '../session/store.ts';
import type { NoticePublisher } from './notice-publisher.ts';

/** How often Redis is asked whether it is there. */
const ASK_EVERY_MS = 1000;

export interface NoticeWatchOptions {
  readonly bus: Pick<Bus, 'onConnection'>;
  readonly store: Pick<SessionStore, 'ping'>;
  readonly notices: Pick<NoticePublisher, 'tell'>;
  /** Default a second. */
  readonly askEveryMs?: number;
}

/** Tells operators when this process loses the bus or the store, and when it has them again. Answers how to stop. */
export function tellOfOutages({ bus, store, notices, askEveryMs = ASK_EVERY_MS }: NoticeWatchOptions): () => void {
  let isStopped = false;
  let hasStore = true;
  let isAsking = false;
  bus.onConnection((isConnected) => {
    if (!isStopped) notices.tell({ kind: isConnected ? 'bus_back' : 'bus_lost' });
  });
  const ask = async (): Promise<void> => {
    // An answer that does not come takes longer than a second.
    if (isAsking) return;
    isAsking = true;
    const answers = await store.ping();
    isAsking = false;
    if (isStopped || answers === hasStore) return;
    hasStore = answers;
    notices.tell({ kind: answers ? 'store_back' : 'store_lost' });
  };
  const timer = setInterval(() => void ask(), askEveryMs);
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}
