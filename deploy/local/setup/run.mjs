import { spawnSync } from 'node:child_process';

/** Why set-up cannot go on, as a message for people that says what to do. */
export class SetupError extends Error {}

/** Says what is about to happen. */
export function say(text) {
  console.log(`• ${text}`);
}

/** Runs a program to its end, its input and, if `shown`, its output being this terminal's. Never throws. */
export function run(command, args, { cwd, env = {}, shown = false, input = 'ignore' } = {}) {
  const result = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: [input, shown ? 'inherit' : 'pipe', shown ? 'inherit' : 'pipe'],
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}${result.error === undefined ? '' : result.error.message}`;
  return { ok: result.status === 0, output };
}

/** Addresses and names of other hosts: nobody's business in a message that is pasted into a bug report. */
const ADDRESS = /[a-z+]+:\/\/[^\s'"]+/gi;
const HOST_NAME = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ECONNRESET|resolve|connect to|connecting to)(:?) '?[\w.-]*[\w-](:\w+)?'?/gi;

/** The first lines of a program's output that match `pattern`, indented, without names of other hosts. */
export function errorLines(output, pattern) {
  const lines = output.split('\n').filter((line) => pattern.test(line));
  return lines.slice(0, 6).map((line) => `\n  ${line.replace(ADDRESS, '<address>').replace(HOST_NAME, '$1$2 <host>')}`).join('');
}
