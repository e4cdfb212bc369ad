import { startFleetTarget, type FleetTarget } from './fleet-target.ts';
import { INSPECT, Inspector, inspectorAddress } from './inspector.ts';

/** A fleet into whose gateway and worker one can look. */
export interface InspectedFleet {
  readonly fleet: FleetTarget;
  readonly gateway: Inspector;
  readonly worker: Inspector;
}

/** Starts a fleet of its own, lets `use` look into it, and ends it. */
export async function withInspectedFleet<T>(use: (inspected: InspectedFleet) => Promise<T>): Promise<T> {
  const addresses = new Map<string, string>();
  const onLine = (name: string, line: string): void => {
    const address = inspectorAddress(line);
    if (address !== undefined) addresses.set(name, address);
  };
  const fleet = await startFleetTarget({ execArgv: [INSPECT], onLine });
  const opened: Inspector[] = [];
  const open = async (name: string): Promise<Inspector> => {
    const inspector = await Inspector.open(addresses.get(name) ?? '');
    opened.push(inspector);
    return inspector;
  };
  try {
    return await use({ fleet, gateway: await open('gateway'), worker: await open('worker') });
  } finally {
    for (const inspector of opened) inspector.close();
    await fleet.stop();
  }
}
