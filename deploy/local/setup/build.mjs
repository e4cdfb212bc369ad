import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run, say, SetupError } from './run.mjs';

/** The folders that hold source code. */
export const SOURCE_FOLDERS = ['gateway', 'worker', 'shared', 'loadtest', 'deploy'];
const PROJECTS = ['.', 'gateway/page'];
const SETTINGS = ['tsconfig.json', 'gateway/page/tsconfig.json', 'package-lock.json'];

/** Compiles the sources into dist/, unless they are exactly those it was compiled from. Throws SetupError with the compiler's report. */
export async function build(root) {
  const sources = findFiles(root, SOURCE_FOLDERS, /\.ts$/);
  const stamp = join(root, 'dist', '.voxfleet-build');
  const wanted = fingerprint(root, [...sources, ...SETTINGS]);
  const outputs = sources.filter((path) => !path.endsWith('.d.ts')).map((path) => join('dist', path.replace(/\.ts$/, '.js')));
  const complete = outputs.every((path) => existsSync(join(root, path)));
  if (complete && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  say('Compiling TypeScript into dist/');
  rmSync(stamp, { force: true });
  // The compiler's own notes say what it wrote, not what is still there.
  if (!complete) for (const notes of findFiles(root, ['dist'], /\.tsbuildinfo$/)) rmSync(join(root, notes));
  for (const project of PROJECTS) compile(root, project);
  removeStale(root, new Set(outputs));
  writeFileSync(stamp, wanted);
}

/** Paths, relative to `root`, of the files below these folders whose names match; symbolic links are not followed. */
export function findFiles(root, folders, pattern) {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

function fingerprint(root, paths) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function compile(root, project) {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { ok, output } = run(process.execPath, [compiler, '-p', project, '--pretty', 'false'], { cwd: root });
  if (!ok) throw new SetupError(`the code does not compile (tsc -p ${project}):\n${output.trim()}`);
}

/** A test whose source is gone must not run from dist/ for ever. */
function removeStale(root, outputs) {
  for (const path of findFiles(root, ['dist'], /\.js(\.map)?$/)) {
    if (!outputs.has(path.replace(/\.map$/, ''))) rmSync(join(root, path));
  }
}
