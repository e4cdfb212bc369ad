import type { ProcessView } from '../../shared/protocol/fleet-snapshot.ts';
import { ageWords, msWords } from './fleet-words.ts';
import { newElement, pageElement } from './page-element.ts';

const MEBIBYTE = 1024 * 1024;
/** A process that is gone stays on the map for so long: that it is missing is what one looks for. */
const GONE_SHOWN_MS = 60_000;

interface Place {
  readonly process: ProcessView;
  readonly seenAtMs: number;
}

/** Every process of the fleet as a card, the ones that have just gone as well. */
export class FleetMap {
  readonly #places = new Map<string, Place>();
  readonly #cards = new Map<string, HTMLElement>();

  show(processes: readonly ProcessView[], atMs: number): void {
    for (const process of processes) this.#places.set(keyOf(process), { process, seenAtMs: atMs });
    for (const [key, { seenAtMs }] of this.#places) {
      if (atMs - seenAtMs <= GONE_SHOWN_MS) continue;
      this.#places.delete(key);
      this.#cards.delete(key);
    }
    const places = [...this.#places].sort(([, one], [, other]) => one.process.id.localeCompare(other.process.id, 'en', { numeric: true }));
    for (const tier of ['gateway', 'worker'] as const) {
      const cards = places.filter(([, { process }]) => process.tier === tier).map(([key, place]) => this.#card(key, place, place.seenAtMs < atMs));
      replaceIfOthers(pageElement(`${tier}s`, HTMLElement), cards);
    }
  }

  #card(key: string, { process }: Place, isGone: boolean): HTMLElement {
    const card = this.#cards.get(key) ?? newElement('div', 'card');
    this.#cards.set(key, card);
    const { id, version, state } = process;
    Object.assign(card.dataset, { process: id, state: isGone ? 'gone' : state });
    card.title = `version ${version}`;
    card.replaceChildren(...(isGone ? [heading(id, 'gone')] : [heading(id, state), ...load(process), newElement('p', '', vitals(process))]));
    return card;
  }
}

function keyOf({ tier, id }: ProcessView): string {
  return `${tier} ${id}`;
}

function replaceIfOthers(place: HTMLElement, cards: readonly HTMLElement[]): void {
  if (cards.length !== place.children.length || cards.some((card, at) => place.children[at] !== card)) place.replaceChildren(...cards);
}

function heading(id: string, state: string): HTMLElement {
  const made = newElement('p', 'name');
  made.append(newElement('strong', '', id), newElement('span', 'state', state));
  return made;
}

function load({ tier, callers, slots_used: used, slots }: ProcessView): HTMLElement[] {
  if (tier === 'gateway') return [newElement('p', 'load-words', `${callers} caller${callers === 1 ? '' : 's'}`)];
  const bar = newElement('div', 'load');
  const filled = newElement('i', used >= 0.9 * slots ? 'full' : '');
  filled.style.width = `${(slots === 0 ? 0 : (100 * used) / slots).toFixed(1)}%`;
  bar.append(filled);
  return [newElement('p', 'load-words', `${used} of ${slots} slots`), bar];
}

function vitals({ memory_bytes: memory, loop_delay_p99_ms: delay, uptime_s: uptime }: ProcessView): string {
  return `${Math.round(memory / MEBIBYTE)} MB · loop ${msWords(delay)} · up ${ageWords(uptime)}`;
}
