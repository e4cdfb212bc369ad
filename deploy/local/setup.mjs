// Makes this folder ready to run: `node deploy/local/setup.mjs [--tests | --build | --peers]`. Plain JavaScript and nothing but
// Node's own modules, because it runs before anything is installed. What is done already is neither redone nor spoken of.
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './setup/build.mjs';
import { installDependencies } from './setup/dependencies.mjs';
import { installPeers, installPrograms } from './setup/programs.mjs';
import { SetupError } from './setup/run.mjs';

/** The package's folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Does all set-up, saying each step before it is taken. `programs`: 'run' for what the fleet needs to run, 'test' for what
 * its tests need as well, 'none' for dependencies and build alone, 'peers' for what the bench compares with, alone. A step that fails ends this process with exit code 1
 * and one message.
 */
export async function setUp(programs) {
  try {
    checkPlatform();
    if (programs === 'peers') return installPeers();
    installDependencies(ROOT);
    await build(ROOT);
    if (programs !== 'none') installPrograms(programs === 'test');
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`\nSet-up stopped: ${error.message}`);
    process.exit(1);
  }
}

function checkPlatform() {
  const wanted = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).engines.node.replace('>=', '');
  const [major, minor] = wanted.split('.').map(Number);
  const [hasMajor, hasMinor] = process.versions.node.split('.').map(Number);
  if (hasMajor < major || (hasMajor === major && hasMinor < minor)) {
    throw new SetupError(`Node ${wanted} or newer is needed, this is Node ${process.versions.node}.`);
  }
  if (process.platform === 'win32') {
    throw new SetupError('Windows itself is not supported; use the Windows Subsystem for Linux with Debian or Ubuntu.');
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const options = { '--tests': 'test', '--build': 'none', '--peers': 'peers' };
  await setUp(Object.entries(options).find(([option]) => process.argv.includes(option))?.[1] ?? 'run');
}
