import { ERROR_TABLE } from '../shared/runtime/errors.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { NoticePublisher } from '../shared/runtime/notice-publisher.ts';
import type { SessionsOptions } from './sessions.ts';

/** An HTTP status from here on is our fault, below it is the caller's. */
const OURS_FROM_STATUS = 500;

/**
 * Writes errors that callers are told of down for operators, in the log and as notices, under the id that a caller can quote. An
 * engine's own words stay out: a vendor may repeat in them what was said. The log is as bounded as the notices.
 */
export function writeDownErrors(notices: Pick<NoticePublisher, 'tell'>, log: Logger): SessionsOptions['onTold'] {
  return (code, errorId, sessionId) => {
    if (!notices.tell({ kind: 'error', code, errorId, sessionId })) return;
    const level = ERROR_TABLE[code].status >= OURS_FROM_STATUS ? 'warn' : 'info';
    log[level]({ errorId, code, sessionId }, 'a caller was told of an error');
  };
}
