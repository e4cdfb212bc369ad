import type { StageLatencies } from '../../shared/protocol/agent-event.ts';
import { readableMs, stageShares, type StageShare } from './latency-stages.ts';
import { newElement } from './page-element.ts';

/** A turn's latency: a bar whose segments are as long as the stages took, and the numbers behind it. */
export function latencyView(mouthToEarMs: number, stages: StageLatencies): HTMLElement {
  const shares = stageShares(stages);
  const view = newElement('details', 'latency');
  view.dataset['mouthToEarMs'] = String(mouthToEarMs);
  view.append(summary(mouthToEarMs, shares), numbers(shares, mouthToEarMs));
  return view;
}

function summary(mouthToEarMs: number, shares: readonly StageShare[]): HTMLElement {
  const element = newElement('summary', '');
  const total = newElement('span', 'total', `${readableMs(mouthToEarMs)} ms`);
  total.title = 'From the end of your speech to the first sound of the answer';
  element.append(newElement('span', 'unseen', 'Answered after '), bar(shares), total);
  return element;
}

function bar(shares: readonly StageShare[]): HTMLElement {
  const element = newElement('span', 'bar');
  element.setAttribute('aria-hidden', 'true');
  for (const share of shares) {
    const segment = newElement('span', `segment ${share.kind}`);
    segment.dataset['stage'] = share.stage;
    segment.dataset['ms'] = String(share.ms);
    segment.title = `${share.label}: ${readableMs(share.ms)} ms`;
    segment.style.flexGrow = String(Math.max(0, share.ms));
    element.append(segment);
  }
  return element;
}

function numbers(shares: readonly StageShare[], mouthToEarMs: number): HTMLElement {
  const table = newElement('dl', 'numbers');
  for (const share of shares) table.append(row(share.label, share.ms, share.kind));
  table.append(row('Mouth to ear', mouthToEarMs, 'sum'));
  return table;
}

function row(label: string, ms: number, kind: string): HTMLElement {
  const element = newElement('div', kind);
  element.append(newElement('dt', '', label), newElement('dd', '', `${readableMs(ms)} ms`));
  return element;
}
