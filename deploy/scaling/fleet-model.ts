import type { Random } from '../../loadtest/chaos/random.ts';
import { LANE_SHARE, seat, Tier, unseat, type Call, type Pod } from './pods.ts';

/** A draining worker hands its calls off within this time (HANDOFF_AFTER_MS); a draining gateway spreads its callers over as long (GOAWAY_SPREAD_MS). */
const LEAVING_S = 3;

/** What the processes are told. */
export interface FleetSettings {
  /** SLOTS. */
  readonly slots: number;
  /** MAX_WEBSOCKET_CONNECTIONS. */
  readonly maxConnections: number;
  /** ADMISSION_WAIT_MS. */
  readonly admissionWaitS: number;
  /** DRAIN_DEADLINE_MS of each tier. */
  readonly gatewayDrainS: number;
  readonly workerDrainS: number;
  /** From a pod that is made to one that takes calls; each takes up to a quarter more or less. */
  readonly startUpS: number;
}

/** What became of calls, since the beginning. */
export interface Tally {
  arrived: number;
  ended: number;
  /** Closed with 1013 after ADMISSION_WAIT_MS. */
  refusedByWorkers: number;
  /** Refused with 503: every gateway is full. */
  refusedByGateways: number;
  /** Handed from a worker that leaves to another, and moved from a gateway that leaves to another. */
  handedOff: number;
  moved: number;
  /** Still on a pod that leaves when its time is over. */
  lost: number;
}

/** Calls, gateways and workers, a second at a time. */
export class FleetModel {
  readonly gateways: Tier;
  readonly workers: Tier;
  readonly tally: Tally = { arrived: 0, ended: 0, refusedByWorkers: 0, refusedByGateways: 0, handedOff: 0, moved: 0, lost: 0 };
  readonly #settings: FleetSettings;
  readonly #random: Random;
  readonly #endings = new Map<number, Call[]>();
  readonly #fullLanes = new Set<Call['lane']>();
  #waiting: { readonly call: Call; readonly sinceS: number }[] = [];
  #readyWorkers: readonly Pod[] = [];
  #readyGateways: readonly Pod[] = [];

  constructor(settings: FleetSettings, random: Random) {
    this.#settings = settings;
    this.#random = random;
    this.gateways = new Tier(settings.startUpS, random);
    this.workers = new Tier(settings.startUpS, random);
  }

  /** Callers who are connected, waiting ones included. */
  get callers(): number {
    return this.gateways.pods.reduce((sum, { places }) => sum + places.length, 0);
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get slotsUsed(): number {
    return this.workers.pods.reduce((sum, { places }) => sum + places.length, 0);
  }

  /** One second: calls end, what leaves gives its calls away, those who wait are asked for again, then come the new ones. Says how long each that was taken had waited. */
  tick(nowS: number, arrivals: readonly Pick<Call, 'endsAtS' | 'lane'>[]): number[] {
    this.#fullLanes.clear();
    this.#readyWorkers = this.workers.ready(nowS);
    this.#readyGateways = this.gateways.ready(nowS);
    for (const call of this.#endings.get(nowS) ?? []) this.#end(call, 'ended');
    this.#endings.delete(nowS);
    this.#drainWorkers(nowS);
    this.#drainGateways(nowS);
    const waits = this.#takeWaiting(nowS);
    for (const arrival of arrivals) if (this.#arrive(nowS, arrival)) waits.push(0);
    this.gateways.reap();
    this.workers.reap();
    return waits;
  }

  #arrive(nowS: number, arrival: Pick<Call, 'endsAtS' | 'lane'>): boolean {
    this.tally.arrived += 1;
    const call: Call = { ...arrival, gateway: undefined, worker: undefined, hasEnded: false };
    if (!this.#connect(call)) {
      this.#end(call, 'refusedByGateways');
      return false;
    }
    const ending = this.#endings.get(call.endsAtS);
    if (ending === undefined) this.#endings.set(call.endsAtS, [call]);
    else ending.push(call);
    if (this.#claim(call)) return true;
    this.#waiting.push({ call, sinceS: nowS });
    return false;
  }

  /** The most urgent first, within a lane those who have waited longest. */
  #takeWaiting(nowS: number): number[] {
    const waits: number[] = [];
    const order = Object.keys(LANE_SHARE);
    const left = this.#waiting.filter(({ call }) => !call.hasEnded).sort((one, other) => order.indexOf(one.call.lane) - order.indexOf(other.call.lane));
    this.#waiting = left.filter(({ call, sinceS }) => {
      if (this.#claim(call)) {
        waits.push(nowS - sinceS);
        return false;
      }
      if (nowS - sinceS < this.#settings.admissionWaitS) return true;
      this.#end(call, 'refusedByWorkers');
      return false;
    });
    return waits;
  }

  /** The balancer takes the gateway with the fewest connections. */
  #connect(call: Call): boolean {
    let fewest: Pod | undefined;
    for (const pod of this.#readyGateways) if (fewest === undefined || pod.places.length < fewest.places.length) fewest = pod;
    if (fewest === undefined || fewest.places.length >= this.#settings.maxConnections) return false;
    call.gateway = seat(call, fewest);
    return true;
  }

  /** A claim goes to any of the workers that have room for its lane. */
  #claim(call: Call): boolean {
    if (this.#fullLanes.has(call.lane)) return false;
    const most = Math.ceil(this.#settings.slots * LANE_SHARE[call.lane]);
    const drawn = this.#readyWorkers[Math.floor(this.#random() * this.#readyWorkers.length)];
    const hasRoom = ({ places }: Pod): boolean => places.length < most;
    const taken = drawn !== undefined && hasRoom(drawn) ? drawn : this.#drawn(this.#readyWorkers.filter(hasRoom));
    if (taken === undefined) {
      this.#fullLanes.add(call.lane);
      return false;
    }
    call.worker = seat(call, taken);
    return true;
  }

  #drawn(pods: readonly Pod[]): Pod | undefined {
    return pods[Math.floor(this.#random() * pods.length)];
  }

  #drainWorkers(nowS: number): void {
    this.#leave(this.workers, nowS, this.#settings.workerDrainS, (call) => {
      const from = call.worker;
      if (from === undefined || !this.#claim(call)) return;
      unseat(from);
      this.tally.handedOff += 1;
    });
  }

  #drainGateways(nowS: number): void {
    this.#leave(this.gateways, nowS, this.#settings.gatewayDrainS, (call) => {
      const from = call.gateway;
      if (from === undefined || !this.#connect(call)) return;
      unseat(from);
      this.tally.moved += 1;
    });
  }

  /** What leaves gives its calls away over `LEAVING_S`; what cannot be given is tried again each second, until its time is over. */
  #leave(tier: Tier, nowS: number, deadlineS: number, give: (call: Call) => void): void {
    for (const pod of tier.pods) {
      if (pod.drainsSinceS === undefined) continue;
      const passedS = nowS - pod.drainsSinceS;
      const count = Math.ceil(pod.places.length / Math.max(1, LEAVING_S - passedS));
      for (const { call } of pod.places.slice(0, count)) give(call);
      if (passedS < deadlineS) continue;
      for (const { call } of [...pod.places]) this.#end(call, 'lost');
    }
  }

  #end(call: Call, outcome: 'ended' | 'refusedByWorkers' | 'refusedByGateways' | 'lost'): void {
    if (call.hasEnded) return;
    call.hasEnded = true;
    if (call.gateway !== undefined) unseat(call.gateway);
    if (call.worker !== undefined) unseat(call.worker);
    this.tally[outcome] += 1;
  }
}
