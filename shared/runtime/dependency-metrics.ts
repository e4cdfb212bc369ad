import type { Bus } from '../bus/bus.ts';
import type { SessionStore } from '../session/store.ts';
import { nowMs } from './clock.ts';
import { Counter, Gauge, type Registry } from './metrics.ts';

export interface DependencyMetricsOptions {
  readonly registry: Registry;
  readonly bus: Bus;
  readonly store: SessionStore;
  /** How often Redis is asked: asking costs a round trip, so it is not done at every scrape. */
  readonly intervalS: number;
}

/** Watches what a process depends on: whether NATS and Redis are there, connections to NATS regained, the round trip to Redis. Answers how to stop. */
export function watchDependencies({ registry, bus, store, intervalS }: DependencyMetricsOptions): () => void {
  const registers = [registry];
  new Gauge({
    name: 'voxfleet_nats_up', help: '1 while connected to NATS; at 0 calls wait for it, look at NATS first.', registers,
    collect() {
      this.set(bus.connected ? 1 : 0);
    },
  });
  const reconnects = new Counter({ name: 'voxfleet_nats_reconnects_total', help: 'Connections to NATS lost and regained; each is a pause in all calls here, several in an hour mean an unstable server or network.', registers });
  bus.onConnection((connected) => {
    if (connected) reconnects.inc();
  });
  const redisUp = new Gauge({ name: 'voxfleet_redis_up', help: '1 while Redis answers; at 0 live calls go on, new ones are refused.', registers });
  // Nobody gets here without a connection.
  redisUp.set(1);
  const roundTrip = new Gauge({ name: 'voxfleet_redis_round_trip_seconds', help: 'Time Redis took to answer a ping, the last time it was asked; above 0.05 every claim and stored turn is late, look at the load of Redis.', registers });
  const ask = async (): Promise<void> => {
    const askedMs = nowMs();
    const answers = await store.ping();
    redisUp.set(answers ? 1 : 0);
    if (answers) roundTrip.set((nowMs() - askedMs) / 1000);
  };
  void ask();
  const timer = setInterval(() => void ask(), intervalS * 1000);
  return () => clearInterval(timer);
}
