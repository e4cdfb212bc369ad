import { ConfigError } from '../shared/runtime/env.ts';
import { createLog } from '../shared/runtime/log.ts';
import { loadGatewayConfig, type GatewayConfig } from './config.ts';
import { startGateway, type RunningGateway } from './gateway.ts';

function readConfig(): GatewayConfig {
  try {
    return loadGatewayConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    createLog({ tier: 'gateway', id: 'unnamed', level: 'info' }).fatal({ mistakes: error.mistakes }, 'the configuration is not usable');
    process.exit(1);
  }
}

const config = readConfig();
const log = createLog({ tier: 'gateway', id: config.gatewayId, level: config.logLevel });

/** The first signal lets calls end, a second one ends them. */
function stopOnSignals(gateway: RunningGateway): void {
  let isStopping = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (isStopping) {
      log.warn({ signal, connections: gateway.connectionCount() }, 'a second signal: calls are cut off');
      process.exit(1);
    }
    isStopping = true;
    void gateway.stop().then(() => process.exit(0), failed('the gateway could not stop in order'));
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
}

function failed(message: string): (error: unknown) => never {
  return (error) => {
    log.fatal({ err: error }, message);
    process.exit(1);
  };
}

await startGateway(config, log).then(stopOnSignals, failed('the gateway could not start'));
