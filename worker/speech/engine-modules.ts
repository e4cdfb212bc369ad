import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../shared/runtime/errors.ts';
import type { EngineModule } from './ports.ts';

const MAKERS = ['voiceActivity', 'recognizer', 'responder', 'synthesizer'] as const;

/**
 * Imports one's own engines: ES modules that export `engine: EngineModule`. Each entry is a file path relative to
 * `folder` or the name of an installed package. Throws one Error that lists every entry that could not be used and why.
 */
export async function loadEngineModules(paths: readonly string[], folder: string = process.cwd()): Promise<EngineModule[]> {
  const loaded: EngineModule[] = [];
  const mistakes: string[] = [];
  for (const path of paths) {
    const module = await loadOne(path, folder);
    if (typeof module === 'string') mistakes.push(`${path}: ${module}`);
    else loaded.push(module);
  }
  if (mistakes.length > 0) throw new Error(`ENGINE_MODULES cannot be used:\n- ${mistakes.join('\n- ')}`);
  return loaded;
}

/** The module, or what is wrong with it. */
async function loadOne(path: string, folder: string): Promise<EngineModule | string> {
  let exported: unknown;
  try {
    exported = await import(specifier(path, folder));
  } catch (error) {
    return `it cannot be imported: ${messageOf(error)}`;
  }
  if (typeof exported !== 'object' || exported === null || !('engine' in exported)) {
    return 'it has no export named `engine`; expected `export const engine: EngineModule`';
  }
  return isEngineModule(exported.engine) ? exported.engine : faultOf(exported.engine);
}

function specifier(path: string, folder: string): string {
  const file = resolve(folder, path);
  const meansFile = /^\.{0,2}\//.test(path) || existsSync(file);
  return meansFile ? pathToFileURL(file).href : path;
}

function isEngineModule(value: unknown): value is EngineModule {
  return faultOf(value) === '';
}

function faultOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return '`engine` is not an object';
  const name = 'name' in value ? value.name : undefined;
  if (typeof name !== 'string' || name === '') return '`engine.name` is not a non-empty string';
  const fields = new Map<string, unknown>(Object.entries(value));
  const wrong = MAKERS.filter((maker) => fields.get(maker) !== undefined && typeof fields.get(maker) !== 'function');
  if (wrong.length > 0) return `\`engine.${wrong.join('`, `engine.')}\` must be a function or absent`;
  if (MAKERS.every((maker) => fields.get(maker) === undefined)) return `\`engine\` serves nothing; expected at least one of: ${MAKERS.join(', ')}`;
  return '';
}
