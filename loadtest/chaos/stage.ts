import { fileURLToPath } from 'node:url';
import { startFleet, type Fleet, type FleetOptions } from '../../shared/testing/fleet.ts';
import { Balancer } from './balancer.ts';
import { Members } from './members.ts';
import { Owners } from './owners.ts';

export interface StageOptions extends Pick<FleetOptions, 'nats' | 'redis'> {
  readonly gateways: number;
  readonly workers: number;
  /** Calls that speak human recordings: workers make the embedded engines ready for them. */
  readonly recorded: number;
  /** Environment of every gateway and worker. */
  readonly env?: Readonly<Record<string, string>>;
  /** Hears every line that a process of the fleet writes. */
  readonly onLine?: (memberId: string, line: string) => void;
}

const NUMBERED_ENGINE = fileURLToPath(new URL('./numbered-engine.js', import.meta.url));
const NUMBERED_ALONE = { VOICE_ACTIVITY_ENGINE: 'numbered', RECOGNIZER_ENGINE: 'numbered', RESPONDER_ENGINE: 'numbered', SYNTHESIZER_ENGINE: 'numbered' };

/** Environment of workers that hear and speak numbers, and for `recorded` callers human voices too. */
export function numberedWorkers(recorded: number): Readonly<Record<string, string>> {
  return { ENGINE_MODULES: NUMBERED_ENGINE, ...(recorded > 0 ? {} : NUMBERED_ALONE) };
}

/** A fleet of real processes, and what stands around it: the balancer before it, the view into its store. */
export class Stage {
  readonly members: Members;
  readonly balancer: Balancer;
  readonly owners: Owners;
  readonly #fleet: Fleet;

  /** Use `Stage.open`. */
  constructor(fleet: Fleet, owners: Owners) {
    this.#fleet = fleet;
    this.owners = owners;
    this.balancer = new Balancer();
    this.members = new Members(fleet, this.balancer);
  }

  /** Throws where the fleet cannot be started. */
  static async open({ nats, redis, gateways, workers, recorded, env = {}, onLine }: StageOptions): Promise<Stage> {
    const fleet = await startFleet({
      gateways, workers, env,
      ...(nats === undefined ? {} : { nats }), ...(redis === undefined ? {} : { redis }), ...(onLine === undefined ? {} : { onLine }),
      workerEnv: numberedWorkers(recorded),
    });
    try {
      return new Stage(fleet, await Owners.connect(fleet.redisUrl));
    } catch (error) {
      await fleet.stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.owners.close();
    this.balancer.close();
    await this.#fleet.stop();
  }
}
