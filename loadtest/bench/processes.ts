import { fileURLToPath } from 'node:url';
import { TIER_FLAGS } from '../../deploy/local/node-flags.ts';
import { freePort } from '../../deploy/local/ports.ts';
import { startProcess, type RunningProcess } from '../../deploy/local/processes.ts';

/** Fleet, references and peers alike are given the flags that the product's processes have. */
export interface NodeProcess {
  /** What people call it. */
  readonly name: string;
  /** Compiled module, relative to the folder of compiled files. */
  readonly script: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly execArgv?: readonly string[];
  readonly onLine?: (line: string) => void;
}

/** A process that listens on a port of its own. */
export interface ListeningProcess extends RunningProcess {
  readonly port: number;
}

const STOP_MS = 10_000;

/** Starts a module that listens on PORT; ready when GET of `readyPath` answers 200. Throws StartError. */
export async function startListening({ name, script, env = {}, execArgv = [], onLine }: NodeProcess, readyPath = '/', portName = 'PORT'): Promise<ListeningProcess> {
  const port = await freePort();
  const running = await startProcess({
    name, command: process.execPath, args: [...TIER_FLAGS, ...execArgv, moduleOf(script)], env: { ...env, [portName]: String(port) },
    readyUrl: `http://127.0.0.1:${port}${readyPath}`, onLine,
  });
  return { ...running, port };
}

/** Starts a module that prints `ready`. Throws StartError. */
export async function startPrinting({ name, script, env = {}, execArgv = [], onLine }: NodeProcess): Promise<RunningProcess> {
  let isReady = false;
  return startProcess({
    name, command: process.execPath, args: [...TIER_FLAGS, ...execArgv, moduleOf(script)], env, isReady: async () => isReady,
    onLine: (line) => {
      isReady ||= line === 'ready';
      onLine?.(line);
    },
  });
}

/** Ends processes, the last one first. */
export async function stopAll(processes: readonly RunningProcess[]): Promise<void> {
  for (const process of [...processes].reverse()) await process.stop(STOP_MS);
}

/** The file that a module of the source tree was compiled to. */
export function moduleOf(script: string): string {
  return fileURLToPath(new URL(`../../${script}`, import.meta.url));
}
