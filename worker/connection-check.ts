import { BusError, type Bus } from '../shared/bus/bus.ts';
import { checkSubject } from '../shared/bus/subjects.ts';
import type { ConnectionCheck, ConnectionCheckReply } from '../shared/protocol/claim.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import type { Session } from './session.ts';

/** How long a gateway has for answering whether it holds a connection. */
const CHECK_TIMEOUT_MS = 1000;

/** What a gateway knows of a caller: whether it is gone, and the newest ingress seq that was sent for it, 0 where that is unknown. */
export interface ConnectionState {
  readonly isGone: boolean;
  readonly sentIngressSeq: number;
}

/**
 * A caller who only listens or reads is quiet for long; one whose gateway died is too: the gateway knows. The last message of a run
 * that the bus lost leaves no hole in the numbers, so both sides compare how far they are.
 */
export async function checkConnection(bus: Bus, { lease, egress }: Session, egressSeq: number | undefined): Promise<ConnectionState> {
  const { gatewayId, gatewaySlot } = egress.address;
  const { sessionId, fence } = lease;
  const check: ConnectionCheck = { sessionId, gatewaySlot, fence, ...(egressSeq === undefined ? {} : { egressSeq }) };
  try {
    const reply = unpack<ConnectionCheckReply>(await bus.request(checkSubject(gatewayId), pack(check), CHECK_TIMEOUT_MS));
    return { isGone: reply?.isConnected === false, sentIngressSeq: reply?.sentIngressSeq ?? 0 };
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    // A gateway that is slow, or a bus that is away, says nothing about the caller; no gateway at all does.
    return { isGone: error.failure === 'no_responders', sentIngressSeq: 0 };
  }
}
