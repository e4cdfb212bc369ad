import type { Logger } from '../shared/runtime/log.ts';
import { runProcess } from '../shared/runtime/process-main.ts';
import { terminationSignal } from '../shared/runtime/termination.ts';
import { loadGatewayConfig, type GatewayConfig } from './config.ts';
import { startGateway } from './gateway.ts';

/** A gateway process from start to stop: the first signal lets calls end, a second one or the force deadline ends them. */
async function main(config: GatewayConfig, log: Logger): Promise<void> {
  const terminated = terminationSignal(log, config.drainDeadlineMs);
  const gateway = await startGateway(config, log);
  await terminated;
  await gateway.stop();
}

await runProcess({
  tier: 'gateway',
  loadConfig: loadGatewayConfig,
  identityOf: ({ gatewayId, logLevel }) => ({ id: gatewayId, logLevel }),
  run: main,
});
