import { Counter, type Registry } from '../shared/runtime/metrics.ts';
import { ENVELOPE_TYPE } from '../shared/protocol/envelope.ts';

/** Envelope types are one byte. */
const TYPES = 256;
const NAMES = new Map<number, string>(Object.entries(ENVELOPE_TYPE).map(([name, type]) => [type, name]));
const UNKNOWN = 'unknown';

/** Ingress envelopes by type. Counted once a frame, so in plain numbers: the metric's labels are made when somebody scrapes. */
export class FrameCounts {
  readonly #taken = new Float64Array(TYPES);

  constructor(registry: Registry) {
    const counter: Counter<'type'> = new Counter({
      name: 'voxfleet_ingress_frames_total',
      help: 'Ingress envelopes taken in, by type; unknown ones mean that gateways are newer than this worker.',
      labelNames: ['type'], registers: [registry],
      collect: () => {
        counter.reset();
        for (const name of [...NAMES.values(), UNKNOWN]) counter.inc({ type: name }, 0);
        for (const [type, count] of this.#taken.entries()) if (count > 0) counter.inc({ type: NAMES.get(type) ?? UNKNOWN }, count);
      },
    });
  }

  /** One envelope of this type. */
  count(type: number): void {
    this.#taken[type] = (this.#taken[type] ?? 0) + 1;
  }
}
