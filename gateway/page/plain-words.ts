import { SessionRequestError } from '../../shared/client/session-request.ts';
import { CLOSE_TABLE } from '../../shared/runtime/errors.ts';

/** The codes whose own message would not help someone who is not a developer. */
const BY_CODE: Readonly<Record<string, string>> = {
  at_capacity: 'Every line is busy right now. Please try again in a moment.',
  too_many_connections: 'Every line is busy right now. Please try again in a moment.',
  draining: 'This server is being restarted. Please try again in a moment.',
  store_unavailable: 'The fleet cannot take new calls right now. Please try again in a moment.',
  worker_lost: 'The line was interrupted for a moment. Please go on: what you said is kept.',
  bus_unavailable: 'The fleet has a problem right now. What you say is kept for a while.',
  shed: 'The fleet is overloaded and missed a part of what you said. Please say it again.',
  slow_consumer: 'Your connection is too slow: a part of the answer was left out.',
  recognizer_failed: 'That could not be understood because of a fault. Please say it again.',
  responder_failed: 'The agent could not think of an answer because of a fault. Please try again.',
  synthesizer_failed: 'The answer could not be spoken because of a fault; you can read it above.',
  unauthorized: 'This fleet only takes calls with an API key. Enter one under “Options”.',
};

const BY_CLOSE: Readonly<Record<number, string>> = {
  [CLOSE_TABLE.session_not_found.code]: 'This call no longer exists. Press Talk to start a new one.',
  [CLOSE_TABLE.restarting.code]: 'The server is being restarted. Press Talk to call again.',
  [CLOSE_TABLE.at_capacity.code]: 'Every line is busy right now. Please try again in a moment.',
  [CLOSE_TABLE.replaced.code]: 'This call was taken over in another window.',
  [CLOSE_TABLE.abuse.code]: 'The call was ended because the fleet did not understand this page. Please reload it.',
  [CLOSE_TABLE.slow_consumer.code]: 'The call was ended because your connection is too slow.',
  [CLOSE_TABLE.session_lost.code]: 'The line was lost. Press Talk to call again.',
  [CLOSE_TABLE.resume_refused.code]: 'The call could not be continued. Press Talk to call again.',
};

const BY_MICROPHONE: Readonly<Record<string, string>> = {
  NotAllowedError: 'The microphone is blocked. Allow it in the browser’s address bar, or type below instead.',
  SecurityError: 'The microphone is blocked. Allow it in the browser’s address bar, or type below instead.',
  NotFoundError: 'No microphone was found. Plug one in, or type below instead.',
  NotReadableError: 'The microphone is in use by another program. Close that, or type below instead.',
};

/** A microphone could not be had; `cause` is what the browser threw, absent where it knows no microphones at all. */
export class MicrophoneError extends Error {
  override readonly name = 'MicrophoneError';
}

/** Why a call could not be placed, for the one who wanted to. */
export function wordsForFailure(error: unknown): string {
  if (error instanceof MicrophoneError) return wordsForMicrophone(error.cause);
  if (!(error instanceof SessionRequestError)) return 'The call could not be placed because of an unexpected fault. Please reload the page.';
  if (error.fault === 'unreachable') return 'The server does not answer. Is it running?';
  return wordsForError(error.code ?? '', error.message, error.errorId);
}

/** What an error of the running call means; the fleet's own sentence where there is no better one. `errorId` is what to quote. */
export function wordsForError(code: string, message: string, errorId?: string): string {
  const words = BY_CODE[code] ?? `${message.charAt(0).toUpperCase()}${message.slice(1)}`;
  return errorId === undefined ? words : `${words} (Error ${errorId})`;
}

/** Nobody could be reached for so long that the call was given up. */
export const WORDS_FOR_LOST = 'The connection could not be restored. Press Talk to call again.';

/** Why a call ended; undefined where it ended as calls do. */
export function wordsForClose(code: number): string | undefined {
  if (code === CLOSE_TABLE.session_over.code) return undefined;
  return BY_CLOSE[code] ?? 'The connection was lost. Press Talk to call again.';
}

function wordsForMicrophone(cause: unknown): string {
  if (cause === undefined) return 'This page may use the microphone only over https or on this very machine. You can type below instead.';
  const known = cause instanceof Error ? BY_MICROPHONE[cause.name] : undefined;
  return known ?? 'The microphone could not be opened. You can type below instead.';
}
