import { ConfigError } from './env.ts';
import { createLog, type Logger } from './log.ts';

/** What a tier's process is made of. */
export interface ProcessPlan<C> {
  readonly tier: string;
  /** Throws ConfigError. */
  readonly loadConfig: (env: NodeJS.ProcessEnv) => C;
  readonly identityOf: (config: C) => { readonly id: string; readonly logLevel: string };
  readonly run: (config: C, log: Logger) => Promise<void>;
}

/**
 * Runs a process from its configuration to its end: mistakes in the configuration go to standard error as they are, what
 * stops it later is one fatal log line; both end it with exit code 1.
 */
export async function runProcess<C>({ tier, loadConfig, identityOf, run }: ProcessPlan<C>): Promise<void> {
  let config: C;
  try {
    config = loadConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${tier}: ${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  const { id, logLevel } = identityOf(config);
  const log = createLog({ tier, id, level: logLevel });
  try {
    await run(config, log);
    process.exit(0);
  } catch (error) {
    log.fatal({ err: error }, 'the process could not go on');
    process.exit(1);
  }
}
