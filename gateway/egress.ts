import type { Bus } from '../shared/bus/bus.ts';
import { checkSubject, gatewaySubject } from '../shared/bus/subjects.ts';
import type { ConnectionCheck, ConnectionCheckReply } from '../shared/protocol/claim.ts';
import { readBatch, type Envelope } from '../shared/protocol/envelope.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import type { GatewayMetrics } from './metrics.ts';

/** Who an envelope is for. */
export interface EgressTarget {
  onEgress(envelope: Envelope): void;
}

/** Answers workers that ask whether a caller they have not heard of for a while is still connected here. */
export function answerChecks(bus: Bus, gatewayId: string, answer: (check: ConnectionCheck) => ConnectionCheckReply): void {
  bus.subscribe(checkSubject(gatewayId), (message) => {
    const check = unpack<ConnectionCheck>(message.data);
    if (check === undefined) return;
    message.respond(pack(answer(check)));
  });
}

/** Hands everything workers send to this gateway to the connection in its slot; what is for nobody any more is dropped. */
export function receiveEgress(bus: Bus, gatewayId: string, at: (slot: number) => EgressTarget | undefined, metrics: GatewayMetrics): void {
  const visit = (envelope: Envelope): void => at(envelope.slot)?.onEgress(envelope);
  bus.subscribe(gatewaySubject(gatewayId), ({ data }) => {
    if (readBatch(data, visit) !== undefined) metrics.badBatches.inc();
  });
}
