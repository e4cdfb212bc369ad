import { existsSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What native packages are for: Node's names of system and processor, and the number of its ABI. */
export interface Platform {
  readonly platform: string;
  readonly arch: string;
  readonly abi: string;
}

/** Nothing reads these at run time; licences stay. */
const DEAD_WEIGHT = /\.(?:map|d\.[cm]?ts|markdown|md|tsbuildinfo)$|\.test\.[cm]?js$/i;
const LICENCE = /licen[cs]e|notice|copying/i;
/** C++ sources of what is there as a binary. */
const SOURCES = ['uWebSockets.js/src', 'uWebSockets.js/docs', 'uWebSockets.js/examples', 'uWebSockets.js/tests'];

/**
 * Takes out of a folder of installed packages what this platform does not run: native binaries of others (the WebSocket
 * server comes for 40 of them, the voice-activity runtime for five), sources of binaries, source maps and types. Throws where
 * the binary that is needed is missing.
 */
export function makeLean(packages: string, { platform, arch, abi }: Platform): void {
  keepOnly(join(packages, 'uWebSockets.js'), /^uws_.*\.node$/, `uws_${platform}_${arch}_${abi}.node`);
  for (const napi of directories(join(packages, 'onnxruntime-node', 'bin'))) {
    keepOnly(napi, /^/, platform);
    keepOnly(join(napi, platform), /^/, arch);
  }
  for (const folder of SOURCES) rmSync(join(packages, folder), { recursive: true, force: true });
  for (const entry of readdirSync(packages, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && DEAD_WEIGHT.test(entry.name) && !LICENCE.test(entry.name)) rmSync(join(entry.parentPath, entry.name));
  }
}

function keepOnly(folder: string, candidates: RegExp, wanted: string): void {
  if (!existsSync(join(folder, wanted))) throw new Error(`${folder} has nothing for this platform: expected ${wanted}`);
  for (const name of readdirSync(folder)) if (candidates.test(name) && name !== wanted) rmSync(join(folder, name), { recursive: true });
}

function directories(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  makeLean(process.argv[2] ?? 'node_modules', { platform: process.platform, arch: process.arch, abi: process.versions.modules });
}
