import type { AnswerSink } from './exchange.ts';

/** What is used of a response of uWebSockets.js. */
export interface OpenResponse {
  cork(work: () => void): unknown;
  /** False where the piece is kept until the asker has taken what was before. */
  write(piece: string): boolean;
  onWritable(handler: () => boolean): unknown;
  end(): unknown;
  /** Cuts the connection; the response counts as aborted. */
  close(): unknown;
}

/** An answer that goes on; its response is not touched any more once the asker is gone, as uWebSockets.js demands. */
export class ResponseSink implements AnswerSink {
  #response: OpenResponse | undefined;
  #isFull = false;
  #onGone: (() => void) | undefined;

  constructor(response: OpenResponse) {
    this.#response = response;
  }

  /** Sends the head of the answer and lets it go on. */
  open(writeHead: () => void, stream: (sink: AnswerSink) => () => void): void {
    const response = this.#response;
    if (response === undefined) return;
    response.onWritable(() => {
      this.#isFull = false;
      return true;
    });
    response.cork(writeHead);
    this.#onGone = stream(this);
  }

  write(piece: string): boolean {
    const response = this.#response;
    if (response === undefined || this.#isFull) return false;
    response.cork(() => (this.#isFull = !response.write(piece)));
    return true;
  }

  end(): void {
    const response = this.#response;
    this.#response = undefined;
    // Not told to close the connection: uWebSockets.js would write `Connection: close` into the body that has begun.
    response?.cork(() => response.end());
  }

  cut(): void {
    this.#response?.close();
  }

  /** The asker is gone. */
  forget(): void {
    this.#response = undefined;
    this.#onGone?.();
    this.#onGone = undefined;
  }
}
