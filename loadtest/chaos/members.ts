import type { Fleet, FleetGateway, FleetMember, FleetWorker } from '../../shared/testing/fleet.ts';
import type { Balancer } from './balancer.ts';

/** Who of a fleet is there now; the balancer is told of gateways that come and go. */
export class Members {
  readonly #fleet: Fleet;
  readonly #balancer: Balancer;
  readonly #gone = new Set<string>();

  constructor(fleet: Fleet, balancer: Balancer) {
    this.#fleet = fleet;
    this.#balancer = balancer;
    this.#tellBalancer();
  }

  get fleet(): Fleet {
    return this.#fleet;
  }

  get gateways(): readonly FleetGateway[] {
    return this.#fleet.gateways.filter(({ id }) => !this.#gone.has(id));
  }

  get workers(): readonly FleetWorker[] {
    return this.#fleet.workers.filter(({ id }) => !this.#gone.has(id));
  }

  /** `kill -9`; a balancer finds out by itself. */
  async kill(member: FleetMember): Promise<void> {
    await member.kill('SIGKILL');
    this.#gone.add(member.id);
    this.#tellBalancer();
  }

  /** SIGTERM; resolves when it is gone. It gets no new connections from the first moment on. */
  async drain(member: FleetMember): Promise<void> {
    this.#gone.add(member.id);
    this.#tellBalancer();
    await member.stop();
  }

  async addGateway(): Promise<void> {
    await this.#fleet.addGateway();
    this.#tellBalancer();
  }

  async addWorker(): Promise<void> {
    await this.#fleet.addWorker();
  }

  #tellBalancer(): void {
    this.#balancer.gateways = this.gateways.map(({ url }) => url);
  }
}
