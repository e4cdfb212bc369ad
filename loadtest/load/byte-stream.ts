/** Whom a stream tells. */
export interface StreamListener {
  /** What came; only good during the call. */
  onBytes(bytes: Buffer): void;
  /** The connection is over, or could not be had; told once, never from within a call of the stream's own. */
  onClosed(error?: Error): void;
}

/** A connection as far as a caller of a load run needs one. Whatever is called after its end does nothing. */
export interface ByteStream {
  /** Sends; before the connection stands what is sent waits for it. */
  write(bytes: Buffer): void;
  /** Bytes the kernel has not taken yet: while there are any, buffers that were written may not be written into. */
  readonly waitingBytes: number;
  /** What is written until `uncork` leaves at once. */
  cork(): void;
  uncork(): void;
  /** Stops reading, as a device does that is too slow, until `resume`. */
  pause(): void;
  resume(): void;
  /** Says that nothing more will come, after what was written. */
  end(): void;
  /** Cuts the connection, with all that waits. */
  destroy(): void;
}

/** Opens streams: through Node's sockets, or straight through the kernel's. */
export type OpenStream = (address: StreamAddress, listener: StreamListener) => ByteStream;

export interface StreamAddress {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
}
