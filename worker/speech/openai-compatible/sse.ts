import { EngineError } from '../ports.ts';

/** The longest event that is taken, in UTF-16 units. */
export const MAX_EVENT_CHARS = 1_000_000;

/**
 * Reads `text/event-stream` (WHATWG HTML §9.2.6) from bytes chopped anywhere, inside a character or a line end too, and
 * gives the data of each event. Names, ids and comments are passed over: the protocol spoken here uses none. An event
 * that is not closed by an empty line is not given.
 */
export class SseParser {
  readonly #decoder = new TextDecoder('utf-8');
  #line = '';
  #data: string[] = [];
  #chars = 0;
  #after: 'line feed' | 'anything' = 'anything';

  /** The data of the events that these bytes complete. Throws EngineError on an event over MAX_EVENT_CHARS. */
  push(bytes: Uint8Array): string[] {
    const events: string[] = [];
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return events;
    if (this.#after === 'line feed' && text.startsWith('\n')) text = text.slice(1);
    this.#after = text.endsWith('\r') ? 'line feed' : 'anything';
    const lines = text.split(/\r\n|\n|\r/);
    for (const [place, part] of lines.entries()) {
      this.#line += part;
      this.#bound(part.length);
      if (place < lines.length - 1) this.#endLine(events);
    }
    return events;
  }

  #endLine(events: string[]): void {
    const line = this.#line;
    this.#line = '';
    if (line === '') {
      if (this.#data.length > 0) events.push(this.#data.join('\n'));
      this.#data = [];
      this.#chars = 0;
      return;
    }
    const [, data] = /^data(?:: ?(.*))?$/s.exec(line) ?? [line, undefined];
    if (data !== undefined) this.#data.push(data);
    else if (line === 'data') this.#data.push('');
  }

  #bound(more: number): void {
    this.#chars += more;
    if (this.#chars > MAX_EVENT_CHARS) throw new EngineError(`an event of the answer is longer than ${MAX_EVENT_CHARS} characters`, false);
  }
}
