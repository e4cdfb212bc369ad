import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../../shared/runtime/errors.ts';

/** The image's commands, each a tier's process. */
const COMMANDS = ['gateway', 'worker'];

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** The tier's compiled program that these arguments ask for. Throws an Error that says which commands there are. */
export function programOf(args: readonly string[]): URL {
  const [name = '', ...rest] = args;
  if (!COMMANDS.includes(name) || rest.length > 0) throw new Error(`expected one of the commands ${COMMANDS.join(', ')}, got "${args.join(' ')}"`);
  return new URL(`../../${name}/main.js`, import.meta.url);
}

/**
 * Ends the process by a signal that comes before it has anything to drain: the kernel gives process 1 of a container no
 * default action, so that a start could not be stopped but by SIGKILL. Gives way to whoever listens to that signal later.
 */
export function stopUntilHeard(target: NodeJS.Process): void {
  for (const signal of SIGNALS) {
    // It stays to the end: a process that removes its last listener to a signal no longer hears that signal.
    target.on(signal, () => {
      if (target.listenerCount(signal) === 1) target.exit(0);
    });
  }
}

async function main(args: readonly string[]): Promise<void> {
  try {
    const program = programOf(args);
    stopUntilHeard(process);
    await import(program.href);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
