import type { StageLatencies } from '../../shared/protocol/agent-event.ts';
import { latencyView } from './latency-view.ts';
import { newElement } from './page-element.ts';

type Role = 'caller' | 'agent';

const SPEAKERS: Readonly<Record<Role, string>> = { caller: 'You', agent: 'Agent' };
const NOT_UNDERSTOOD = 'could not make that out';
/** Where there is room for a turn's numbers beside the talk. */
const ROOMY = '(min-width: 50rem)';
/** Turns kept on the page; older ones leave it. */
const MAX_TURNS = 200;

/** What was said: a list with one entry a turn, the caller's line, the agent's, and how long the answer took. */
export class TranscriptView {
  readonly #list: HTMLElement;
  #typedTurns = 0;

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  /** A transcript as it came: a partial replaces the partial before it, finals of a turn follow one another. */
  add(role: Role, turn: number, text: string, final: boolean): void {
    this.#write(String(turn), role, text, final);
  }

  /** Starts a turn with what the caller typed. */
  addTyped(text: string): void {
    this.#typedTurns += 1;
    this.#write(`typed-${this.#typedTurns}`, 'caller', text, true);
  }

  /** The answer to what was typed last. */
  addReply(text: string): void {
    this.#write(`typed-${this.#typedTurns}`, 'agent', text, true);
  }

  /** Shows how long a turn's answer took. Only the newest turn's numbers are open, and only where there is room. */
  addLatency(turn: number, mouthToEarMs: number, stages: StageLatencies): void {
    for (const open of this.#list.querySelectorAll('details.latency')) open.removeAttribute('open');
    const view = latencyView(mouthToEarMs, stages);
    if (matchMedia(ROOMY).matches) view.setAttribute('open', '');
    this.#turn(String(turn)).append(view);
    this.#follow();
  }

  /** Takes away what never became final. */
  dropPartials(): void {
    for (const partial of this.#list.querySelectorAll('.partial')) {
      const line = partial.parentElement;
      partial.remove();
      if (line?.querySelector('.words') === null) line.remove();
    }
    for (const turn of this.#list.querySelectorAll('.turn')) if (turn.childElementCount === 0) turn.remove();
  }

  clear(): void {
    this.#list.replaceChildren();
    this.#typedTurns = 0;
  }

  #write(key: string, role: Role, text: string, final: boolean): void {
    const line = this.#line(key, role);
    const partial = line.querySelector('.partial');
    if (!final) {
      this.#showPartial(line, partial, text);
    } else {
      partial?.remove();
      line.append(text === '' ? newElement('span', 'words unclear', NOT_UNDERSTOOD) : newElement('span', 'words', text));
    }
    this.#follow();
  }

  /** What may still change is kept from screen readers, which would read every change. */
  #showPartial(line: HTMLElement, before: Element | null, text: string): void {
    const partial = before ?? newElement('span', 'partial');
    partial.setAttribute('aria-hidden', 'true');
    partial.textContent = text;
    if (before === null) line.append(partial);
  }

  #line(key: string, role: Role): HTMLElement {
    const turn = this.#turn(key);
    const existing = turn.querySelector<HTMLElement>(`.${role}`);
    if (existing !== null) return existing;
    const line = newElement('p', `line ${role}`);
    line.append(newElement('span', 'who', SPEAKERS[role]));
    if (role === 'caller') turn.prepend(line);
    else turn.insertBefore(line, turn.querySelector('.latency'));
    return line;
  }

  #turn(key: string): HTMLElement {
    for (const turn of this.#list.querySelectorAll<HTMLElement>('.turn')) if (turn.dataset['turn'] === key) return turn;
    const turn = newElement('li', 'turn');
    turn.dataset['turn'] = key;
    this.#list.append(turn);
    if (this.#list.childElementCount > MAX_TURNS) this.#list.firstElementChild?.remove();
    return turn;
  }

  #follow(): void {
    this.#list.scrollTop = this.#list.scrollHeight;
  }
}
