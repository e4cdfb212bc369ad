import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorLines, run, say, SetupError } from './run.mjs';

/** Installs what package-lock.json names, unless node_modules holds exactly that. */
export function installDependencies(root) {
  const stamp = join(root, 'node_modules', '.voxfleet-lock');
  const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
  // Native modules are chosen by Node's ABI and the processor: another Node means another look.
  const wanted = createHash('sha256').update(`${lock} ${process.versions.modules} ${process.arch}`).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  if (!isInstalled(root, JSON.parse(lock))) {
    say('Installing the npm dependencies of package-lock.json (npm ci)');
    const { ok, output } = run('npm', ['ci'], { cwd: root, env: { npm_config_loglevel: 'error' } });
    if (!ok) throw new SetupError(`npm ci failed; is the network up and is this folder writable? It says:${errorLines(output, /^npm error \S|^spawn|ENOENT/)}`);
  }
  checkSocketServer(root);
  writeFileSync(stamp, wanted);
}

/** Whether npm itself noted that every package of the lockfile is installed; packages for other platforms do not count. */
function isInstalled(root, lock) {
  const note = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(note)) return false;
  const installed = JSON.parse(readFileSync(note, 'utf8')).packages;
  return Object.entries(lock.packages).every(
    ([path, wanted]) => path === '' || (wanted.optional === true && installed[path] === undefined) || installed[path]?.integrity === wanted.integrity,
  );
}

function checkSocketServer(root) {
  if (!existsSync(join(root, 'node_modules', 'uWebSockets.js'))) return;
  const { ok } = run(process.execPath, ['--input-type=module', '--eval', 'await import("uWebSockets.js")'], { cwd: root });
  if (ok) return;
  throw new SetupError(
    `the WebSocket server (uWebSockets.js) has no binary that loads here (Node ${process.versions.node}, ${process.platform} ${process.arch}). ` +
      'On Linux it needs glibc 2.27 with Node 20, glibc 2.38 (Debian 13, Ubuntu 24.04) with Node 22 and newer.',
  );
}
