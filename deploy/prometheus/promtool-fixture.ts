import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { serverPath } from '../local/processes.ts';

/** Where the rules are. */
export const RULES_FOLDER = join(packageRoot(), 'deploy', 'prometheus');
const PROGRAM = 'promtool';

/** Runs Prometheus's own checker in the folder of the rules; answers its exit code and all it said. Rejects where it is not installed. */
export async function promtool(args: readonly string[], input = ''): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn(PROGRAM, args, { cwd: RULES_FOLDER, env: { ...process.env, PATH: serverPath() } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, said };
}
