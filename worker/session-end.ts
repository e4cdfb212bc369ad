import type { Logger } from '../shared/runtime/log.ts';
import type { SessionStore } from '../shared/session/store.ts';
import type { Session } from './session.ts';

/** Stores that a session is over, after all that was said in it. What Redis does not take is logged: the record then expires. */
export async function storeEnd(session: Session, store: SessionStore, log: Logger): Promise<void> {
  const { sessionId } = session.lease;
  await session.settled();
  try {
    const outcome = await store.end(sessionId, session.lease);
    if (outcome !== 'behind') return;
    await session.restoreRecord();
    await store.end(sessionId, session.lease);
  } catch (error) {
    log.warn({ err: error, sessionId }, 'the end of a session could not be stored');
  }
}
