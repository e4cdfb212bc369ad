import type { CloseName } from '../shared/runtime/errors.ts';

/** What became of a message: on its way, waiting in the socket's buffer, or not taken at all. */
export type SendOutcome = 'sent' | 'queued' | 'dropped';

/** A caller's socket as the rest of the gateway sees it. Sending on a closed one answers `dropped`. */
export interface CallerSocket {
  /** Bytes that wait in the socket's buffer because the caller does not take them. */
  readonly bufferedBytes: number;
  sendText(text: string): SendOutcome;
  sendBinary(bytes: Uint8Array): SendOutcome;
  /** Closes with the code and reason of CLOSE_TABLE, after what was sent; `errorId` goes with the reason; `onClosed` is called before this returns. */
  close(name: CloseName, errorId?: string): void;
}

/** Who hears what happens on a socket. */
export interface SocketListener {
  /** `bytes` are the listener's only until this returns. Text is valid UTF-8. */
  onMessage(bytes: Uint8Array, isBinary: boolean): void;
  /** The socket's buffer became smaller. */
  onDrain(): void;
  /** Once, whoever closed it; nothing comes after. */
  onClosed(): void;
}
