import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './setup.mjs';
import { SOURCE_FOLDERS } from './setup/build.mjs';
import { say } from './setup/run.mjs';

/** What `npm run check` checks beyond the types, which the build has checked: name, and the program of a package with its arguments. */
const STEPS = [
  { name: 'lint', program: ['eslint', 'bin', 'eslint.js'], args: ['--max-warnings', '0', '.'] },
  { name: 'import rules', program: ['dependency-cruiser', 'bin', 'dependency-cruise.mjs'], args: ['--config', '.dependency-cruiser.cjs', ...SOURCE_FOLDERS] },
  { name: 'dead code', program: ['knip', 'bin', 'knip.js'], args: ['--no-progress', '--treat-config-hints-as-errors'] },
];

/** Runs all steps at once and prints what each complains about. Resolves to the exit code of each step by its name. */
export async function runChecks() {
  say(`Checking: ${STEPS.map((step) => step.name).join(', ')}`);
  const results = await Promise.all(STEPS.map(runStep));
  return Object.fromEntries(results);
}

function runStep({ name, program, args }) {
  const script = join(ROOT, 'node_modules', ...program);
  const child = spawn(process.execPath, [script, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      console.log(code === 0 ? `✔ ${name}` : `✖ ${name}\n${output.trim()}\n`);
      resolve([name, code ?? 1]);
    });
  });
}
