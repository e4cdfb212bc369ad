/** The part of the standard WebSocket interface the client needs: browsers' own and npm `ws` both have it. */
export interface VoiceSocket {
  binaryType: string;
  /** 1 while messages can be sent; sending while the connection closes is an error. */
  readonly readyState: number;
  /** Bytes handed to `send` that the network has not taken yet. */
  readonly bufferedAmount: number;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  /** Ends the connection without waiting for the other side, where the socket can (npm `ws`). */
  terminate?(): void;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  addEventListener(type: 'error', listener: (event: object) => void): void;
}

/** `readyState` of a socket that takes messages. */
export const SOCKET_OPEN = 1;

/** What opens a socket: `WebSocket` in browsers, the class of npm `ws` in Node 20, which has none of its own. */
export type VoiceSocketConstructor = new (url: string, protocols: string[]) => VoiceSocket;
