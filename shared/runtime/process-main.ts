import { ConfigError } from './env.ts';
import { createLog, type Logger } from './log.ts';
import { withSecretFiles } from './secret-files.ts';

/** What a tier's process is made of. */
export interface ProcessPlan<C> {
  readonly tier: string;
  /** Throws ConfigError. */
  readonly loadConfig: (env: NodeJS.ProcessEnv) => C;
  readonly identityOf: (config: C) => { readonly id: string; readonly logLevel: string };
  readonly run: (config: C, log: Logger) => Promise<void>;
}

/**
 * Runs a process from its configuration to its end. Whatever keeps it from starting or stops it is one fatal log line (all
 * mistakes in the configuration together) and exit code 1.
 */
export async function runProcess<C>({ tier, loadConfig, identityOf, run }: ProcessPlan<C>): Promise<void> {
  let config: C;
  try {
    config = loadConfig(withSecretFiles(process.env));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    createLog({ tier, id: 'unnamed', level: 'info' }).fatal({ err: error, mistakes: error.mistakes }, 'the configuration is not usable');
    process.exitCode = 1;
    return;
  }
  const { id, logLevel } = identityOf(config);
  const log = createLog({ tier, id, level: logLevel });
  const fail = (error: unknown): never => {
    log.fatal({ err: error }, 'the process could not go on');
    process.exit(1);
  };
  process.on('uncaughtException', fail).on('unhandledRejection', fail);
  await run(config, log).then(() => process.exit(0), fail);
}
