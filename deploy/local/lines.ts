/** No line is kept longer than this; the rest of it is cut off. */
const MAX_LINE_CHARS = 8192;

/** Cuts a stream of text chunks into lines, bounded in what it holds. */
export class LineCutter {
  #rest = '';
  readonly #onLine: (line: string) => void;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Takes the next piece of text; every line completed by it is told at once. */
  push(text: string): void {
    const lines = text.split('\n');
    const first = this.#rest + (lines.shift() ?? '');
    const last = lines.pop();
    if (last === undefined) {
      this.#rest = first.slice(0, MAX_LINE_CHARS);
      return;
    }
    for (const line of [first, ...lines]) this.#onLine(line.slice(0, MAX_LINE_CHARS));
    this.#rest = last.slice(0, MAX_LINE_CHARS);
  }

  /** The stream is over: an unfinished last line is told too. */
  end(): void {
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }
}
