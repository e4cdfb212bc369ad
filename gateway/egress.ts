import type { Bus } from '../shared/bus/bus.ts';
import { gatewaySubject } from '../shared/bus/subjects.ts';
import { readBatch, type Envelope } from '../shared/protocol/envelope.ts';
import type { GatewayMetrics } from './metrics.ts';

/** Who an envelope is for. */
export interface EgressTarget {
  onEgress(envelope: Envelope): void;
}

/** Hands everything workers send to this gateway to the connection in its slot; what is for nobody any more is dropped. */
export function receiveEgress(bus: Bus, gatewayId: string, at: (slot: number) => EgressTarget | undefined, metrics: GatewayMetrics): void {
  const visit = (envelope: Envelope): void => at(envelope.slot)?.onEgress(envelope);
  bus.subscribe(gatewaySubject(gatewayId), ({ data }) => {
    if (readBatch(data, visit) !== undefined) metrics.badBatches.inc();
  });
}
