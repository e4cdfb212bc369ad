// `npm test [-- folder or file…]`: set-up, the checks, then every compiled test below the folders or files named. The last
// words are node:test's own count, in which each check counts as a test. Some tests alone, by name, run without the checks.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { runChecks } from './check-steps.mjs';
import { ROOT, setUp } from './setup.mjs';
import { findFiles, SOURCE_FOLDERS } from './setup/build.mjs';
import { say } from './setup/run.mjs';

/** A test file that hangs is ended after this long. */
const FILE_TIMEOUT_MS = 300_000;
/** Most of an integration test is waiting, but speech is not: as many files at once as a small machine has cores. */
const FILES_AT_ONCE = 2;

const wanted = process.argv.slice(2).map((path) => path.replace(/^(\.\/|dist\/)/, '').replace(/\.ts$/, '.js'));

await setUp('test');
const folders = SOURCE_FOLDERS.map((folder) => join('dist', folder));
const files = findFiles(ROOT, folders, /\.test\.js$/).map((path) => path.slice('dist/'.length));
const chosen = files.filter((file) => wanted.length === 0 || wanted.some((path) => file === path || file.startsWith(`${path.replace(/\/$/, '')}/`)));
if (chosen.length === 0) {
  console.error(`No test is below ${wanted.join(', ')}; name folders or files as they are in the source tree, such as: npm test -- gateway`);
  process.exit(1);
}
const codes = wanted.length === 0 ? await runChecks() : {};
say(`Running ${chosen.length} test files`);
const child = spawn(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${FILES_AT_ONCE}`,
    `--test-timeout=${FILE_TIMEOUT_MS}`,
    ...chosen.map((file) => join('dist', file)),
  ],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, VOXFLEET_CHECK_CODES: JSON.stringify(codes) } },
);
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.once('close', (code) => (process.exitCode = code ?? 1));
