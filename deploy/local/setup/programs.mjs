import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { errorLines, run, say, SetupError } from './run.mjs';

const SERVER_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
const LIBRARY_FOLDERS = ['/usr/lib', '/usr/local/lib'];

/** The machine that is looked at: where its file system begins, its PATH, and who runs this. */
const THIS_MACHINE = { root: '/', path: process.env.PATH ?? '', platform: process.platform, uid: process.getuid?.() };

/**
 * What is needed from the operating system: how it is found, its packages on Debian and in Homebrew. The fleet runs without
 * what is `optional`: a caller's speech is then not understood by the embedded recognizer, all else works.
 */
const NEEDS = [
  { what: 'nats-server', isThere: (machine) => onPath(machine, 'nats-server'), debian: 'nats-server', brew: 'nats-server' },
  { what: 'redis-server', isThere: (machine) => onPath(machine, 'redis-server'), debian: 'redis-server', brew: 'redis' },
  { what: 'libpocketsphinx (embedded recognizer)', isThere: (machine) => hasLibrary(machine, 'libpocketsphinx.so.3'), debian: 'libpocketsphinx3', optional: true },
  { what: 'its English model', isThere: (machine) => hasFile(machine, '/usr/share/pocketsphinx/model/en-us/en-us/mdef'), debian: 'pocketsphinx-en-us', optional: true },
];
const TEST_NEEDS = [
  { what: 'curl', isThere: (machine) => onPath(machine, 'curl'), debian: 'curl', brew: 'curl' },
  { what: 'chromium', isThere: (machine) => onPath(machine, 'chromium'), debian: 'chromium', brew: 'chromium' },
  { what: 'haproxy', isThere: (machine) => onPath(machine, 'haproxy'), debian: 'haproxy', brew: 'haproxy' },
  { what: 'prometheus', isThere: (machine) => onPath(machine, 'promtool') && onPath(machine, 'prometheus'), debian: 'prometheus', brew: 'prometheus' },
  { what: 'alertmanager', isThere: (machine) => onPath(machine, 'prometheus-alertmanager') || onPath(machine, 'alertmanager'), debian: 'prometheus-alertmanager', brew: 'alertmanager' },
  { what: 'human recordings (pocketsphinx-testdata)', isThere: (machine) => hasFile(machine, '/usr/share/pocketsphinx/test/data'), debian: 'pocketsphinx-testdata' },
  { what: 'human recordings (alsa-utils)', isThere: (machine) => hasFile(machine, '/usr/share/sounds/alsa/Front_Center.wav'), debian: 'alsa-utils' },
];
/** What the bench compares the fleet with. */
const PEER_NEEDS = ['fastapi', 'uvicorn', 'websockets', 'uvloop', 'httptools'].map((name) => (
  { what: `Python's ${name}`, isThere: (machine) => hasFile(machine, `/usr/lib/python3/dist-packages/${name}`), debian: `python3-${name}` }
));

/** Installs the system programs that are missing, where there is apt-get; elsewhere says what to install. Throws SetupError. */
export function installPrograms(forTests, machine = THIS_MACHINE) {
  installMissing(forTests ? [...NEEDS, ...TEST_NEEDS] : NEEDS, machine);
}

/** The same for what the bench's peers are made of. */
export function installPeers(machine = THIS_MACHINE) {
  installMissing(PEER_NEEDS, machine);
}

function installMissing(needs, machine) {
  const missing = needs.filter((need) => !need.isThere(machine));
  if (missing.length === 0) return;
  if (onPath(machine, 'apt-get')) {
    installWithApt(missing, machine);
    const still = missing.filter((need) => need.optional !== true && !need.isThere(machine));
    if (still.length > 0) throw new SetupError(`apt-get installed its packages, but these are still not found: ${list(still)}.`);
  } else {
    adviseWithoutApt(missing, machine);
  }
}

function installWithApt(missing, machine) {
  const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing.map((need) => need.debian)];
  const prefix = rootPrefix(machine);
  if (prefix === undefined && missing.every((need) => need.optional === true)) return goOnWithout(missing);
  if (prefix === undefined) {
    throw new SetupError(`missing: ${list(missing)}. Installing needs root; run this, then start again:\n  sudo ${install.join(' ')}`);
  }
  say(`Installing with apt-get: ${missing.map((need) => need.debian).join(', ')}`);
  // Passed through `env`, because sudo clears the environment.
  const asRoot = [...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'LC_ALL=C'];
  const input = prefix.length > 0 ? 'inherit' : 'ignore';
  for (const [command, ...args] of [[...asRoot, 'apt-get', 'update'], [...asRoot, ...install]]) {
    const { ok, output } = run(command, args, { input });
    if (!ok && missing.every((need) => need.optional === true)) return goOnWithout(missing);
    if (!ok) throw new SetupError(`apt-get could not install ${list(missing)}; is the network up? It says:${errorLines(output, /^(E|sudo): /)}`);
  }
}

/** What makes a command run as root: nothing for root, sudo where it may be used; undefined where neither. */
function rootPrefix(machine) {
  if (machine.uid === 0) return [];
  if (!onPath(machine, 'sudo')) return undefined;
  if (run('sudo', ['-n', 'true']).ok) return ['sudo', '-n'];
  return process.stdin.isTTY ? ['sudo'] : undefined;
}

function adviseWithoutApt(missing, machine) {
  const needed = missing.filter((need) => need.optional !== true);
  if (needed.length === 0) return goOnWithout(missing);
  const brewed = needed.flatMap((need) => (need.brew === undefined ? [] : [need.brew]));
  const advice =
    machine.platform === 'darwin'
      ? `On macOS: brew install ${brewed.join(' ')}`
      : `Install them with this system's package manager so that they are on the PATH; on Debian and Ubuntu the packages are: ${needed.map((need) => need.debian).join(' ')}`;
  throw new SetupError(`missing: ${list(needed)}. There is no apt-get here to install them with. ${advice}.`);
}

function goOnWithout(missing) {
  say(`Not found: ${list(missing)}. Going on without the embedded recognizer: text and hosted recognizers work, speech is not understood offline.`);
}

function list(needs) {
  return needs.map((need) => need.what).join(', ');
}

function onPath(machine, program) {
  const folders = machine.path.split(delimiter).filter((folder) => folder !== '');
  return folders.some((folder) => existsSync(join(folder, program))) || SERVER_FOLDERS.some((folder) => hasFile(machine, `${folder}/${program}`));
}

function hasFile(machine, path) {
  return existsSync(join(machine.root, path));
}

function hasLibrary(machine, file) {
  return LIBRARY_FOLDERS.map((folder) => join(machine.root, folder)).some((folder) => {
    if (!existsSync(folder)) return false;
    const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [folder, ...inside.map((entry) => join(folder, entry.name))].some((place) => existsSync(join(place, file)));
  });
}
