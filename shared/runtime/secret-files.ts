import { readFileSync } from 'node:fs';
import { ConfigError } from './env.ts';
import { messageOf } from './errors.ts';

/** What may be secret by its name: keys, tokens, passwords, and addresses, which hold passwords. */
const IN_A_FILE = /^([A-Z][A-Z0-9_]*(?:KEY|TOKEN|SECRET|PASSWORD|URL)S?)_FILE$/;

/**
 * The environment with every secret that is kept in a file: where `API_KEYS_FILE` names a file, `API_KEYS` is what it holds,
 * without space around it. The environment itself stays as it is, so that children and /proc never see them. Throws
 * ConfigError with all files that cannot be read, and all secrets that are given both ways.
 */
export function withSecretFiles(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const mistakes: string[] = [];
  const all: NodeJS.ProcessEnv = { ...env };
  for (const [variable, path = ''] of Object.entries(env)) {
    const name = IN_A_FILE.exec(variable)?.[1];
    if (name === undefined || path === '') continue;
    try {
      if ((env[name] ?? '') !== '') throw new Error(`${name} is set as well: expected one of the two`);
      all[name] = contentsOf(path);
    } catch (error) {
      mistakes.push(`${variable}: ${messageOf(error)}`);
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return all;
}

function contentsOf(path: string): string {
  const text = readFileSync(path, 'utf8').trim();
  if (text === '') throw new Error(`${path} is empty`);
  return text;
}
