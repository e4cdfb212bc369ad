import { realpathSync } from 'node:fs';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';

const TIMEOUT_MS = 2000;

/** Where a tier in this container is asked for its health: a gateway where callers come, a worker at its admin port. */
export function readyUrl(tier: string | undefined, env: NodeJS.ProcessEnv): string {
  const port = tier === 'gateway' ? (env['PORT'] ?? '8080') : (env['ADMIN_PORT'] ?? '8081');
  return `http://127.0.0.1:${port}/health/ready`;
}

/** Why it does not take work; undefined where it does. Never rejects. */
export async function whyNotReady(url: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { timeout: TIMEOUT_MS, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text)).once('end', () => resolve(response.statusCode === 200 ? undefined : body));
    });
    request.once('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    request.once('error', (error) => resolve(error.message));
  });
}

async function main(tier: string | undefined): Promise<void> {
  const reason = await whyNotReady(readyUrl(tier, process.env));
  if (reason === undefined) return;
  process.stderr.write(`${reason}\n`);
  process.exitCode = 1;
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main(process.argv[2]);
