import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs';

const DEFAULT_MAX_BYTES = 20_000_000;

/** A log file that starts empty and stays bounded: a full one becomes `<path>.1`, in place of the one before it. */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  #fd: number;
  #bytes = 0;

  constructor(path: string, maxBytes = DEFAULT_MAX_BYTES) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#fd = openSync(path, 'w');
  }

  /** Appends one line. */
  write(line: string): void {
    if (this.#bytes >= this.#maxBytes) this.#turnOver();
    this.#bytes += writeSync(this.#fd, `${line}\n`);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #turnOver(): void {
    closeSync(this.#fd);
    if (existsSync(this.#path)) renameSync(this.#path, `${this.#path}.1`);
    this.#fd = openSync(this.#path, 'w');
    this.#bytes = 0;
  }
}
