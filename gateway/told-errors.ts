import type { NoticePublisher } from '../shared/runtime/notice-publisher.ts';
import { ERROR_TABLE, VoxError, type CloseName, type ErrorCode } from '../shared/runtime/errors.ts';
import type { Logger } from '../shared/runtime/log.ts';
import type { GatewayMetrics } from './metrics.ts';

/** How an error reached whom it concerns: as a message of a call, as answer to a request, or as the reason of a close. */
type Way = 'message' | 'http' | 'close';

/** An HTTP status from here on is our fault, below it is the asker's. */
const OURS_FROM_STATUS = 500;
/** Asked for by anybody who tries what there is: their answers hold an id like all, and nobody is told. */
const NOT_WORTH_TELLING: ReadonlySet<ErrorCode> = new Set(['not_found', 'method_not_allowed']);
/** Closes that are errors, by what went wrong. What existing clients compare, 1008 and its words, has no room for an id. */
const CLOSE_CODES: Partial<Record<CloseName, ErrorCode>> = {
  at_capacity: 'at_capacity', abuse: 'bad_request', slow_consumer: 'slow_consumer', session_lost: 'worker_lost', resume_refused: 'unauthorized',
};

export interface ToldErrorsOptions {
  readonly metrics: GatewayMetrics;
  readonly notices: Pick<NoticePublisher, 'tell'>;
  readonly log: Logger;
}

/** Every error that this gateway tells somebody: counted, and written down for operators under the id that its caller can quote. */
export class ToldErrors {
  readonly #options: ToldErrorsOptions;

  constructor(options: ToldErrorsOptions) {
    this.#options = options;
  }

  /** A caller is told in the midst of a call. */
  inCall(error: VoxError, sessionId: string): void {
    this.#options.metrics.countError(error.code);
    this.#write(error, 'message', sessionId);
  }

  /** A request is answered with it. */
  overHttp(error: VoxError): void {
    this.#options.metrics.httpErrors.inc({ code: error.code });
    if (!NOT_WORTH_TELLING.has(error.code)) this.#write(error, 'http');
  }

  /** A connection is closed for this reason. Answers the id that goes with it, where it is an error. */
  byClose(name: CloseName, sessionId?: string): string | undefined {
    const code = CLOSE_CODES[name];
    if (code === undefined) return undefined;
    const error = new VoxError(code, `closed: ${name}`);
    this.#write(error, 'close', sessionId, name === 'session_lost');
    return error.errorId;
  }

  /** The log is as bounded as the notices: beyond them there is only the count. */
  #write({ code, message, errorId }: VoxError, way: Way, sessionId?: string, isLost = false): void {
    const session = sessionId === undefined ? {} : { sessionId };
    if (!this.#options.notices.tell({ kind: isLost ? 'session_lost' : 'error', code, errorId, ...session, detail: message })) return;
    const level = ERROR_TABLE[code].status >= OURS_FROM_STATUS ? 'warn' : 'info';
    this.#options.log[level]({ errorId, code, way, ...session, reason: message }, 'somebody was told of an error');
  }
}
