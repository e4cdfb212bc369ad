import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { packageRoot } from '../../shared/runtime/package-root.ts';

/** What of a checkout gateways and workers run from. */
const SOURCES = ['package.json', 'gateway', 'worker', 'shared', 'deploy/local'];

/** Whether this checkout has the history of this commit: a download has none, a shallow clone not all. */
export function hasCommit(ref: string): boolean {
  try {
    execFileSync('git', ['cat-file', '-e', `${ref}^{tree}`], { cwd: packageRoot(), stdio: 'ignore' });
    return true;
  } catch (error) {
    // No git, no repository or no such commit: all the same to who asks.
    if (error instanceof Error) return false;
    throw error;
  }
}

/**
 * Compiles the gateway and worker of an earlier commit into `folder`, with the packages that are installed now; answers where they
 * are. Types are not checked: that was done when it was committed. Throws where there is no such commit.
 */
export function buildCommit(ref: string, folder: string): string {
  const root = packageRoot();
  const archive = execFileSync('git', ['archive', '--format=tar', ref, '--', ...SOURCES], { cwd: root, maxBuffer: 1 << 28 });
  const source = join(folder, 'source');
  mkdirSync(source, { recursive: true });
  execFileSync('tar', ['-xf', '-', '-C', source], { input: archive });
  symlinkSync(join(root, 'node_modules'), join(source, 'node_modules'));
  // What a browser loads is compiled apart, and no caller here is one.
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && !/\.(test|d)\.ts$/.test(file) && !file.startsWith('node_modules'));
  const build = join(source, 'dist');
  for (const file of files) compile(join(source, file), join(build, file.replace(/\.ts$/, '.js')));
  cpSync(join(root, 'dist', 'gateway', 'page'), join(build, 'gateway', 'page'), { recursive: true, force: false });
  return build;
}

function compile(from: string, to: string): void {
  const { outputText } = ts.transpileModule(readFileSync(from, 'utf8'), {
    fileName: from,
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true, rewriteRelativeImportExtensions: true },
  });
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, outputText);
}
