import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { packageRoot } from '../../shared/runtime/package-root.ts';

const folder = mkdtempSync(join(tmpdir(), 'voxfleet-setup-'));
after(() => { rmSync(folder, { recursive: true, force: true }); });

/** A file below the test's folder, its folders made as needed. */
function put(path: string, content: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

function program(path: string, script: string): void {
  chmodSync(put(path, `#!/bin/sh\n${script}\n`), 0o755);
}

/** A clone of a small project with this project's set-up in it, and an `npm` that installs a compiler and counts its calls. */
function makeClone(): { readonly place: string; run(): { readonly status: number | null; readonly said: string } } {
  const place = join(folder, 'clone');
  const root = packageRoot();
  cpSync(join(root, 'deploy', 'local'), join(place, 'deploy', 'local'), { recursive: true, filter: (path) => !path.endsWith('.ts') });
  cpSync(join(root, 'package.json'), join(place, 'package.json'));
  // As small as a project can be: it is compiled many times.
  const options = { target: 'es2023', lib: ['es5'], types: [], module: 'nodenext', rootDir: '.', outDir: 'dist', incremental: true, tsBuildInfoFile: 'dist/a.tsbuildinfo', rewriteRelativeImportExtensions: true, skipLibCheck: true };
  put('clone/tsconfig.json', JSON.stringify({ compilerOptions: options, include: ['shared'] }));
  put('clone/gateway/page/tsconfig.json', JSON.stringify({ extends: '../../tsconfig.json', compilerOptions: { rootDir: '../..', tsBuildInfoFile: '../../dist/b.tsbuildinfo' }, include: ['.'] }));
  put('clone/package-lock.json', '{ "packages": { "": {}, "node_modules/some": { "integrity": "sha512-1" } } }');
  put('clone/shared/a.ts', 'export const a: number = 1;\n');
  put('clone/shared/a.test.ts', "import { a } from './a.ts';\nexport const b = a;\n");
  put('clone/gateway/page/p.ts', 'export const p: number = 1;\n');
  program('bin/npm', `echo "$@" >> ${join(folder, 'npm-calls')}; [ -e ${join(folder, 'offline')} ] && { echo "npm error code ENOTFOUND"; echo "npm error getaddrinfo ENOTFOUND packages.example.org"; exit 1; }
    rm -rf node_modules; mkdir node_modules; ln -s ${join(root, 'node_modules', 'typescript')} node_modules/typescript`);
  const env = { ...process.env, PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` };
  const run = (): { status: number | null; said: string } => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['deploy/local/setup.mjs', '--build'], { cwd: place, env, encoding: 'utf8' });
    return { status, said: stdout + stderr };
  };
  return { place, run };
}

test('set-up installs and builds once, then only what changed, and clears away what has no source', () => {
  const { place, run } = makeClone();
  put('offline', '');
  const offline = run();
  assert.equal(offline.status, 1);
  assert.match(offline.said, /Set-up stopped: npm ci failed; is the network up[^]*ENOTFOUND <host>/);
  assert.doesNotMatch(offline.said, /example/);
  unlinkSync(join(folder, 'offline'));

  assert.match(run().said, /^• Installing[^]*npm ci[^]*• Compiling/);
  assert.ok(existsSync(join(place, 'dist/shared/a.test.js')) && existsSync(join(place, 'dist/gateway/page/p.js')));
  assert.deepEqual(run(), { status: 0, said: '' });

  put('clone/shared/a.ts', 'export const a: number = "two";\n');
  const wrong = run();
  assert.equal(wrong.status, 1);
  assert.match(wrong.said, /does not compile[^]*shared\/a\.ts\(1,14\): error TS2322/);

  put('clone/shared/a.ts', 'export const a: number = 22;\n');
  unlinkSync(join(place, 'shared/a.test.ts'));
  assert.deepEqual(run(), { status: 0, said: '• Compiling TypeScript into dist/\n' });
  assert.match(readFileSync(join(place, 'dist/shared/a.js'), 'utf8'), /22/);
  assert.equal(existsSync(join(place, 'dist/shared/a.test.js')), false);

  unlinkSync(join(place, 'dist/shared/a.js'));
  assert.equal(run().status, 0);
  assert.ok(existsSync(join(place, 'dist/shared/a.js')), 'a lost output is made again');
  assert.deepEqual(run(), { status: 0, said: '' });

  assert.equal(readFileSync(join(folder, 'npm-calls'), 'utf8'), 'ci\nci\n');
  put('clone/package-lock.json', '{ "packages": { "": {}, "node_modules/some": { "integrity": "sha512-2" } } }');
  assert.match(run().said, /Installing/);
});

interface Machine {
  readonly root: string;
  readonly path: string;
  readonly platform: string;
  readonly uid: number;
}

/** Looks for programs on a machine that has only what the test put there. */
function installPrograms(machine: Machine): { readonly status: number | null; readonly said: string } {
  const local = join(packageRoot(), 'deploy', 'local', 'setup');
  const script = `
    import { installPrograms } from ${JSON.stringify(join(local, 'programs.mjs'))};
    try { installPrograms(false, ${JSON.stringify(machine)}); } catch (error) { console.log(error.constructor.name, error.message); process.exitCode = 1; }`;
  const env = { ...process.env, PATH: `${machine.path}:${process.env['PATH'] ?? ''}` };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { env, encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

function emptyMachine(name: string): Machine {
  mkdirSync(join(folder, name, 'bin'), { recursive: true });
  return { root: join(folder, name), path: join(folder, name, 'bin'), platform: 'linux', uid: 0 };
}

test('without apt-get a sentence names what to install, and only the recognizer may be missing', () => {
  const machine = emptyMachine('no-apt');
  assert.deepEqual(installPrograms({ ...machine, platform: 'darwin' }), {
    status: 1,
    said: 'SetupError missing: nats-server, redis-server. There is no apt-get here to install them with. On macOS: brew install nats-server redis.\n',
  });
  assert.match(installPrograms(machine).said, /on Debian and Ubuntu the packages are: nats-server redis-server\.\n$/);
  for (const name of ['nats-server', 'redis-server']) program(`no-apt/bin/${name}`, 'exit 0');
  const { status, said } = installPrograms(machine);
  assert.equal(status, 0);
  assert.match(said, /Going on without the embedded recognizer/);
});

test('without permission the exact command is told', () => {
  const machine = emptyMachine('no-root');
  program('no-root/bin/apt-get', 'exit 1');
  assert.match(installPrograms({ ...machine, uid: 1000 }).said, /Installing needs root[^]*\n {2}sudo apt-get install -y --no-install-recommends nats-server redis-server libpocketsphinx3 pocketsphinx-en-us\n/);
});

test('apt-get installs what is missing, after an update, and its failure is told without naming hosts', () => {
  const machine = emptyMachine('apt');
  const calls = join(folder, 'apt-calls');
  program('apt/bin/apt-get', `echo "$DEBIAN_FRONTEND $@" >> ${calls}; [ "$1" = update ] && exit 0; echo "E: Failed to fetch http://deb.example.org/x  Could not resolve 'deb.example.org'" >&2; exit 100`);
  const failed = installPrograms(machine);
  assert.equal(failed.status, 1);
  assert.match(failed.said, /apt-get could not install nats-server[^]*E: Failed to fetch <address> {2}Could not resolve <host>/);
  assert.doesNotMatch(failed.said, /example/);
  program('apt/usr/sbin/redis-server', 'exit 0');
  put('apt/usr/share/pocketsphinx/model/en-us/en-us/mdef', '');
  put('apt/usr/lib/some-arch/libpocketsphinx.so.3', '');
  program('apt/bin/apt-get', `echo "$DEBIAN_FRONTEND $@" >> ${calls}; [ "$1" = install ] && touch ${machine.path}/nats-server; exit 0`);
  assert.deepEqual(installPrograms(machine), { status: 0, said: '• Installing with apt-get: nats-server\n' });
  assert.deepEqual(readFileSync(calls, 'utf8').trim().split('\n').slice(2), ['noninteractive update', 'noninteractive install -y --no-install-recommends nats-server']);
  assert.deepEqual(installPrograms(machine), { status: 0, said: '' });
});
