import { startFleet, type Fleet } from '../../shared/testing/fleet.ts';
import { freePort } from '../../shared/testing/servers.ts';
import { collectGarbage } from './garbage.ts';
import { fleetSettings, type Scenario } from './scenarios.ts';

export interface FleetRequest {
  readonly scenario: Scenario;
  /** The most there will be at once. */
  readonly callers: number;
  readonly gateways: number;
  readonly workers: number;
  /** Of a fleet that is there; none where one is to be started. */
  readonly urls: readonly string[];
}

/** What the fleet counted, beside what callers saw. */
export interface FleetCounts {
  /** Frames of audio that workers took in. */
  readonly audioTaken: number;
  /** Ingress that workers dropped on purpose. */
  readonly shed: number;
}

/** The fleet that load is put on: one of its own, or one that is there. */
export class FleetUnderLoad {
  readonly urls: readonly string[];
  /** What is said about it: how it was set, or that it was found. */
  readonly says: readonly string[];
  readonly #fleet: Fleet | undefined;
  readonly #inspectorPort: number | undefined;

  /** Use `FleetUnderLoad.open`. */
  constructor(urls: readonly string[], says: readonly string[], fleet?: Fleet, inspectorPort?: number) {
    this.urls = urls;
    this.says = says;
    this.#fleet = fleet;
    this.#inspectorPort = inspectorPort;
  }

  /** Throws StartError where a fleet is to be started and does not start. */
  static async open({ scenario, callers, gateways, workers, urls }: FleetRequest): Promise<FleetUnderLoad> {
    if (urls.length > 0) return new FleetUnderLoad(urls, [`fleet at ${urls.join(', ')}, as it was found`]);
    const settings = fleetSettings(scenario, callers, workers);
    // Memory is only to be told where garbage can be collected first; one port is one gateway's.
    const inspectorPort = scenario.plan === 'batches' && gateways === 1 ? await freePort() : undefined;
    const gatewayEnv = inspectorPort === undefined ? {} : { NODE_OPTIONS: `--inspect=127.0.0.1:${inspectorPort}` };
    const fleet = await startFleet({ gateways, workers, env: settings, gatewayEnv });
    const given = Object.entries(process.env).filter(([name]) => name.startsWith('SCRIPTED_'));
    const words = [...Object.entries(settings), ...given].map(([name, value = '']) => `${name}=${name === 'ENGINE_MODULES' ? 'echo-engine' : value}`);
    return new FleetUnderLoad(fleet.gatewayUrls, [`fleet of its own: ${many(gateways, 'gateway')}, ${many(workers, 'worker')}, one NATS, one Redis, all on this machine`, words.join(' ')], fleet, inspectorPort);
  }

  /** Processes of the fleet on this machine; none where it was found. */
  get processes(): readonly { readonly name: string; readonly pid: number }[] {
    if (this.#fleet === undefined) return [];
    const { gateways, workers, natsServers, redisServers } = this.#fleet;
    const members = [...gateways, ...workers].map(({ id, pid }) => ({ name: id, pid }));
    const servers = [...natsServers, ...redisServers].map(({ name, pid }) => ({ name, pid }));
    return [...members, ...servers];
  }

  get gatewayPids(): readonly number[] {
    return this.#fleet?.gateways.map(({ pid }) => pid) ?? [];
  }

  /** What the workers counted so far; undefined where they are not ours to ask. */
  async counts(): Promise<FleetCounts | undefined> {
    if (this.#fleet === undefined) return undefined;
    const pages = await Promise.all(this.#fleet.workers.map(async ({ adminUrl }) => (await fetch(`${adminUrl}/metrics`)).text()));
    const sum = (pattern: RegExp): number => pages.flatMap((page) => page.split('\n')).filter((line) => pattern.test(line)).reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
    return { audioTaken: sum(/^voxfleet_ingress_frames_total\{.*type="audio"/), shed: sum(/^voxfleet_shed_total\{/) };
  }

  /** Has the gateway throw away what it does not need any more, where it can be asked to; answers whether. */
  async collectGarbage(): Promise<boolean> {
    if (this.#inspectorPort === undefined) return false;
    await collectGarbage(this.#inspectorPort);
    return true;
  }

  async stop(): Promise<void> {
    await this.#fleet?.stop();
  }
}

function many(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
