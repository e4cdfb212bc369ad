import { LATENCY_STAGES, wholeMs, type StageLatencies } from '../../shared/protocol/agent-event.ts';
import type { CallTimeline, TimelineEntry } from '../../shared/protocol/call-timeline.ts';
import { ask } from './fleet-stream.ts';
import { clockWords, msWords } from './fleet-words.ts';
import { stageShares } from './latency-stages.ts';
import { newElement, pageElement } from './page-element.ts';

/** A link to a call is a fragment: it can be sent to a colleague. */
const FRAGMENT = /^#call=(.+)$/;

/** A link that shows this call's timeline. */
export function callLink(sessionId: string): HTMLAnchorElement {
  const link = newElement('a', 'call', sessionId);
  link.href = `#call=${encodeURIComponent(sessionId)}`;
  return link;
}

/** A call by its session id: what was heard, when each stage ran, why the agent stopped. */
export class CallView {
  readonly #input = pageElement('call-id', HTMLInputElement);
  readonly #place = pageElement('timeline', HTMLElement);

  /** Begins to listen to the form and to links. */
  open(): void {
    pageElement('call-form', HTMLFormElement).addEventListener('submit', (event) => {
      event.preventDefault();
      const fragment = `#call=${encodeURIComponent(this.#input.value.trim())}`;
      // Asked for again, it is loaded again.
      if (location.hash === fragment) void this.#follow();
      else location.hash = fragment;
    });
    addEventListener('hashchange', () => void this.#follow());
    void this.#follow();
  }

  async #follow(): Promise<void> {
    const sessionId = decodeURIComponent(FRAGMENT.exec(location.hash)?.[1] ?? '');
    if (sessionId === '') return;
    this.#input.value = sessionId;
    const shown = await timelineOf(sessionId).catch((error: unknown) => [newElement('p', 'nothing', `The call could not be read: ${String(error)}`)]);
    this.#place.replaceChildren(...shown);
    pageElement('call', HTMLElement).scrollIntoView({ block: 'nearest' });
  }
}

async function timelineOf(sessionId: string): Promise<readonly HTMLElement[]> {
  const response = await ask(`/fleet/calls/${encodeURIComponent(sessionId)}`);
  if (response.status === 401) return [newElement('p', 'nothing', 'The fleet wants an operator token.')];
  if (response.status === 404) return [newElement('p', 'nothing', 'No such call: it is not known, or is kept no longer.')];
  if (!response.ok) return [newElement('p', 'nothing', `The gateway answered ${response.status}.`)];
  return timeline((await response.json()) as CallTimeline);
}

function timeline({ state, owner, fence, created_at_ms, entries }: CallTimeline): readonly HTMLElement[] {
  const moves = fence > 1 ? `, ${fence - 1} time${fence === 2 ? '' : 's'} with another worker` : '';
  const summary = newElement('p', 'since', `${state}${owner === '' ? '' : `, with ${owner}`}${moves}; began ${clockWords(created_at_ms)}`);
  if (entries.length === 0) return [summary, newElement('p', 'nothing', 'Nothing was said yet.')];
  const longestMs = Math.max(1, ...entries.map((entry) => (entry.kind === 'stages' ? wholeMs(entry.stages) : 0)));
  const list = newElement('ol', 'timeline');
  list.append(...entries.map((entry) => line(entry, longestMs)));
  return [summary, list];
}

function line(entry: TimelineEntry, longestMs: number): HTMLElement {
  const made = newElement('li', entry.kind);
  made.append(newElement('time', '', clockWords(entry.atMs)));
  if (entry.kind === 'stages') made.append(stages(entry.stages, longestMs));
  else if (entry.kind === 'mark') made.append(newElement('span', 'words', entry.words));
  else made.append(newElement('span', 'who', entry.kind), newElement('span', 'words', entry.text));
  if (entry.kind === 'agent' && entry.interrupted) made.append(newElement('span', 'stopped', 'interrupted'));
  return made;
}

/** When each stage ran after the end of the caller's speech, one after the other; as long as the longest turn of the call is the whole width. */
function stages(known: Partial<StageLatencies>, longestMs: number): HTMLElement {
  const whole = wholeMs(known);
  const view = newElement('details', 'turn-stages');
  const bar = newElement('span', 'bar');
  bar.style.width = `${((100 * whole) / longestMs).toFixed(2)}%`;
  const numbers = newElement('dl', 'numbers');
  let fromMs = 0;
  for (const { label, kind, ms } of stageShares(complete(known))) {
    const segment = newElement('span', `segment ${kind}`);
    segment.style.flexGrow = String(Math.max(0, ms));
    segment.title = `${label}: ${msWords(ms)} from ${msWords(fromMs)}`;
    bar.append(segment);
    const row = newElement('div', kind);
    row.append(newElement('dt', '', label), newElement('dd', '', `${msWords(ms)} at ${msWords(fromMs)}`));
    numbers.append(row);
    fromMs += ms;
  }
  const summary = newElement('summary', '');
  const lane = newElement('span', 'bar-lane');
  lane.append(bar);
  summary.append(newElement('span', 'total', msWords(whole)), lane);
  view.append(summary, numbers);
  return view;
}

function complete(known: Partial<StageLatencies>): StageLatencies {
  return Object.fromEntries(LATENCY_STAGES.map((stage) => [stage, known[stage] ?? 0])) as Record<(typeof LATENCY_STAGES)[number], number>;
}
