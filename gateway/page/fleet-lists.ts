import type { ErrorContext, ErrorGroup, FleetEvent, FleetSnapshot } from '../../shared/protocol/fleet-snapshot.ts';
import { callLink } from './fleet-call.ts';
import { clockWords, eventWords, msWords } from './fleet-words.ts';
import { newElement, pageElement } from './page-element.ts';

/** Sessions named at one event. */
const MOST_LINKS = 4;

/** A place of the page that is made anew only when what it shows has changed: links stay under the finger, and scrolling where it was. */
export class ChangingPlace {
  readonly #place: HTMLElement;
  #shown = '';

  constructor(id: string) {
    this.#place = pageElement(id, HTMLElement);
  }

  show<T extends object>(what: T, make: (what: T) => readonly HTMLElement[]): void {
    const shown = JSON.stringify(what);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#place.replaceChildren(...make(what));
  }
}

/** What happened, the newest first. */
export function eventList(events: readonly FleetEvent[]): HTMLElement {
  if (events.length === 0) return newElement('p', 'nothing', 'Nothing since this gateway started.');
  const list = newElement('ol', 'events');
  list.append(...events.map((event) => {
    const { words, gravity, who } = eventWords(event);
    const line = newElement('li', gravity);
    line.dataset['kind'] = event.kind;
    line.append(newElement('time', '', clockWords(event.last_at_ms)), newElement('span', 'words', words), newElement('span', 'who', who));
    line.append(...event.session_ids.slice(0, MOST_LINKS).map(callLink));
    return line;
  }));
  return list;
}

/** Errors by code; each opens to its last ones. */
export function errorList(groups: readonly ErrorGroup[]): HTMLElement {
  if (groups.length === 0) return newElement('p', 'nothing', 'None since this gateway started.');
  const list = newElement('div', 'errors');
  list.append(...groups.map((group) => {
    const entry = newElement('section', 'error');
    entry.dataset['code'] = group.code;
    const head = newElement('p', 'code');
    head.append(newElement('strong', '', group.code), newElement('span', 'count', `${group.count} ×`));
    const since = newElement('p', 'since', `first ${clockWords(group.first_at_ms)}, last ${clockWords(group.last_at_ms)} · ${Object.keys(group.by_process).join(', ')}`);
    const contexts = newElement('ul', '');
    contexts.append(...group.last.map(context));
    entry.append(head, since, contexts);
    return entry;
  }));
  return list;
}

function context({ at_ms, error_id, session_id, detail }: ErrorContext): HTMLElement {
  const line = newElement('li', '');
  line.append(newElement('time', '', clockWords(at_ms)));
  if (error_id !== null) line.append(newElement('code', 'error-id', error_id));
  if (session_id !== null) line.append(callLink(session_id));
  if (detail !== null) line.append(newElement('span', 'words', detail));
  return line;
}

/** What waits in each lane, and for how long it did. */
export function laneTable({ lane_depth, lane_wait_ms }: Pick<FleetSnapshot, 'lane_depth' | 'lane_wait_ms'>): HTMLElement {
  const lanes = Object.entries(lane_depth);
  if (lanes.length === 0) return newElement('p', 'nothing', 'No worker is heard.');
  const table = newElement('table', '');
  const rowOf = (kind: 'th' | 'td', cells: readonly string[]): void => table.insertRow().append(...cells.map((cell) => newElement(kind, '', cell)));
  rowOf('th', ['Lane', 'Waiting', 'Wait p50', 'Wait p95']);
  for (const [lane, depth] of lanes) rowOf('td', [lane, String(depth), msWords(lane_wait_ms[lane]?.p50), msWords(lane_wait_ms[lane]?.p95)]);
  return table;
}
