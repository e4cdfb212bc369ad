import { LATENCY_STAGES } from '../../shared/protocol/agent-event.ts';
import type { FleetSnapshot, ProcessView } from '../../shared/protocol/fleet-snapshot.ts';
import { FleetMap } from './fleet-map.ts';
import { FleetPlot } from './fleet-plot.ts';
import { ChangingPlace, errorList, eventList, laneTable } from './fleet-lists.ts';
import { msWords } from './fleet-words.ts';
import { stageShares } from './latency-stages.ts';
import { newElement, pageElement } from './page-element.ts';

/** Shows snapshots: the newest as it is, latency over time, and what happened. */
export class FleetView {
  readonly #map = new FleetMap();
  readonly #plot = new FleetPlot(pageElement('plot', HTMLElement));
  readonly #events = new ChangingPlace('events');
  readonly #errors = new ChangingPlace('errors');
  readonly #lanes = new ChangingPlace('lanes');
  readonly #figures = new ChangingPlace('figures');
  readonly #stages = new ChangingPlace('stage-numbers');

  show(snapshot: FleetSnapshot): void {
    const { at_ms, processes, history, events, errors, lane_depth, lane_wait_ms } = snapshot;
    this.#figures.show(figureRows(snapshot), (rows) => rows.map(figure));
    this.#map.show(processes, at_ms);
    this.#plot.show(history, at_ms);
    this.#stages.show(snapshot.stages_ms, stageNumbers);
    this.#events.show(events, (all) => [eventList(all)]);
    this.#errors.show(errors, (all) => [errorList(all)]);
    this.#lanes.show({ lane_depth, lane_wait_ms }, (lanes) => [laneTable(lanes)]);
  }
}

/** Name, value, words, and whether it wants to be looked at. */
type FigureRow = readonly [string, string, string, boolean?];

function figureRows({ callers, processes, mouth_to_ear_ms: latency, takeovers, resumes, shed }: FleetSnapshot): readonly FigureRow[] {
  const ready = processes.filter(({ state }) => state === 'ready');
  const sum = (of: (process: ProcessView) => number): number => ready.reduce((total, process) => total + of(process), 0);
  const [used, slots] = [sum(({ slots_used }) => slots_used), sum((process) => process.slots)];
  return [
    ['callers', String(callers), 'callers now'],
    ['slots', `${used} / ${slots}`, 'slots used', used >= 0.9 * slots],
    ['p50', msWords(latency.p50), 'mouth to ear, p50'],
    ['p95', msWords(latency.p95), 'p95'],
    ['p99', msWords(latency.p99), 'p99'],
    ['takeovers', String(takeovers), 'takeovers in a minute', takeovers > 0],
    ['resumes', String(resumes), 'resumes in a minute'],
    ['shed', String(shed), 'shed in a minute', shed > 0],
  ];
}

function figure([name, value, words, isNotable = false]: FigureRow): HTMLElement {
  const made = newElement('div', isNotable ? 'figure notable' : 'figure');
  made.dataset['figure'] = name;
  made.append(newElement('strong', '', value), newElement('span', '', words));
  return made;
}

/** Each part of mouth-to-ear over the last minute: mean and p95. */
function stageNumbers(stages: FleetSnapshot['stages_ms']): HTMLElement[] {
  const means = Object.fromEntries(LATENCY_STAGES.map((stage) => [stage, stages[stage]?.mean ?? 0])) as Record<(typeof LATENCY_STAGES)[number], number>;
  return stageShares(means).map(({ label, kind, stage }) => {
    const row = newElement('div', kind);
    const value = newElement('dd', '', msWords(stages[stage]?.mean));
    value.title = `p95 ${msWords(stages[stage]?.p95)}`;
    row.append(newElement('dt', '', label), value);
    return row;
  });
}
