import { BusError, type Bus } from '../shared/bus/bus.ts';
import { checkSubject } from '../shared/bus/subjects.ts';
import type { ConnectionCheck, ConnectionCheckReply } from '../shared/protocol/claim.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import type { Session } from './session.ts';

/** How long a gateway has for answering whether it holds a connection. */
const CHECK_TIMEOUT_MS = 1000;

/** A caller who only listens or reads is quiet for long; one whose gateway died is too: the gateway knows. */
export async function isConnectionGone(bus: Bus, { lease, egress }: Session): Promise<boolean> {
  const { gatewayId, gatewaySlot } = egress.address;
  const check: ConnectionCheck = { sessionId: lease.sessionId, gatewaySlot };
  try {
    const reply = unpack<ConnectionCheckReply>(await bus.request(checkSubject(gatewayId), pack(check), CHECK_TIMEOUT_MS));
    return reply?.isConnected === false;
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    // A gateway that is slow, or a bus that is away, says nothing about the caller; no gateway at all does.
    return error.failure === 'no_responders';
  }
}
