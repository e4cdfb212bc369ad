import { BusError, type Bus } from '../shared/bus/bus.ts';
import { checkSubject } from '../shared/bus/subjects.ts';
import type { ConnectionCheck, ConnectionCheckReply } from '../shared/protocol/claim.ts';
import { pack, unpack } from '../shared/protocol/structured.ts';
import { nowMs } from '../shared/runtime/clock.ts';
import type { WorkerMetrics } from './metrics.ts';
import type { Seat } from './seat.ts';
import type { Session } from './session.ts';

/** How long a gateway has for answering whether it holds a connection. */
const CHECK_TIMEOUT_MS = 1000;

export interface ConnectionChecksOptions {
  readonly bus: Bus;
  readonly leaseMs: number;
  readonly metrics: WorkerMetrics;
  /** No gateway holds the caller any more. */
  readonly onGone: (seat: Seat) => void;
  readonly onCrash: (error: unknown) => void;
}

/** Asks gateways whether callers are still there and have what they were told, and whether all they said has come. */
export class ConnectionChecks {
  readonly #options: ConnectionChecksOptions;

  constructor(options: ConnectionChecksOptions) {
    this.#options = options;
  }

  /** Asks after a caller who says nothing, or of whom it is not known to have what it was told. */
  askIfSilent(seat: Seat): void {
    const isSilent = seat.heardAtMs < nowMs() - this.#options.leaseMs / 3;
    if (isSilent || seat.session.egress.overdueSeq(nowMs()) !== undefined) this.ask(seat);
  }

  /** Asks after a caller who is not known to be away. */
  ask(seat: Seat): void {
    if (seat.grace !== undefined) return;
    void this.#ask(seat).catch(this.#options.onCrash);
  }

  async #ask(seat: Seat): Promise<void> {
    const { bus, metrics, onGone } = this.#options;
    const { egress } = seat.session;
    const { isGone, sentIngressSeq } = await checkConnection(bus, seat.session, egress.overdueSeq(nowMs()));
    if (isGone) return onGone(seat);
    if (sentIngressSeq <= seat.inbox.newest) return;
    // The bus lost the last that the caller said.
    metrics.repairs.inc({ direction: 'ingress' });
    egress.resend(seat.inbox.newest);
  }
}

/** What a gateway knows of a caller: whether it is gone, and the newest ingress seq that was sent for it, 0 where that is unknown. */
interface ConnectionState {
  readonly isGone: boolean;
  readonly sentIngressSeq: number;
}

/**
 * A caller who only listens or reads is quiet for long; one whose gateway died is too: the gateway knows. The last message of a run
 * that the bus lost leaves no hole in the numbers, so both sides compare how far they are.
 */
async function checkConnection(bus: Bus, { lease, egress }: Session, egressSeq: number | undefined): Promise<ConnectionState> {
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
