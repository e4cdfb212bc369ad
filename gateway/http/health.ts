import type { Bus } from '../../shared/bus/bus.ts';
import type { AdminSources } from '../../shared/runtime/admin-server.ts';
import type { Lifecycle } from '../../shared/runtime/lifecycle.ts';
import type { Registry } from '../../shared/runtime/metrics.ts';
import type { SessionStore } from '../../shared/session/store.ts';

export interface HealthOptions {
  readonly lifecycle: Lifecycle;
  readonly bus: Bus;
  readonly store: SessionStore;
  /** Workers heard that take sessions. */
  readonly readyWorkers: () => number;
  /** Undefined where metrics are off. */
  readonly registry: Registry | undefined;
  /** What operators are told, by path. */
  readonly documents: ReadonlyMap<string, () => Promise<unknown>>;
}

/** What a gateway's health endpoints are answered from: ready means that a caller who comes now gets an agent. */
export function healthSources(options: HealthOptions): AdminSources {
  const { registry, documents } = options;
  return {
    readiness: () => readiness(options),
    documents,
    metrics: registry === undefined ? undefined : () => registry.metrics(),
  };
}

async function readiness({ lifecycle, bus, store, readyWorkers }: HealthOptions): Promise<{ ready: boolean; reasons: readonly string[] }> {
  const reasons: string[] = [];
  if (lifecycle.state !== 'ready') reasons.push(`the gateway is ${lifecycle.state}`);
  if (!bus.connected) reasons.push('NATS is not connected');
  if (!(await store.ping())) reasons.push('Redis does not answer');
  if (readyWorkers() === 0) reasons.push('no ready worker is heard');
  return { ready: reasons.length === 0, reasons };
}
