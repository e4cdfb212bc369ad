import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import type { FleetSettings } from './fleet-model.ts';
import type { CpuModel } from './metric-snapshot.ts';

/** ADMISSION_WAIT_MS where nothing else is said (gateway/config.ts). */
const ADMISSION_WAIT_MS = 5000;
/**
 * SLOTS is set so that a worker with all of them taken is this busy (docs/scaling.md); a gateway's core carries 60,000 to 80,000
 * frames a second, of which a call has 100, and requests one core.
 */
const CPU = { workerAtFullSlots: 0.7, gatewayPerConnection: 1 / 650, gatewayRequest: 1 };

/** What production tells its processes: `k8s/components/production/*.env` over `k8s/tiers/*.env`. Throws where a number is missing. */
export function readFleetSettings(startUpS: number): { readonly settings: FleetSettings; readonly cpu: CpuModel } {
  const gateway = environment('gateway');
  const worker = environment('worker');
  const slots = number(worker, 'SLOTS');
  const settings = {
    slots,
    maxConnections: number(gateway, 'MAX_WEBSOCKET_CONNECTIONS'),
    admissionWaitS: number({ ADMISSION_WAIT_MS: String(ADMISSION_WAIT_MS), ...gateway }, 'ADMISSION_WAIT_MS') / 1000,
    gatewayDrainS: number(gateway, 'DRAIN_DEADLINE_MS') / 1000,
    workerDrainS: number(worker, 'DRAIN_DEADLINE_MS') / 1000,
    startUpS,
  };
  return { settings, cpu: { ...CPU, slots } };
}

type Environment = Readonly<Record<string, string | undefined>>;

function environment(tier: string): Environment {
  const read = (folder: string): Environment => parseEnv(readFileSync(join(packageRoot(), 'k8s', folder, `${tier}.env`), 'utf8'));
  return { ...read('tiers'), ...read('components/production') };
}

function number(environment: Environment, name: string): number {
  const value = Number(environment[name]);
  if (!(value > 0)) throw new Error(`expected ${name} to be a number above 0, got "${environment[name] ?? ''}"`);
  return value;
}
