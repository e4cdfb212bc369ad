import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { packageRoot } from '../../shared/runtime/package-root.ts';

/** A service, as far as tests look at it. */
export interface Service {
  readonly image: string;
  readonly user?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly restart?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly secrets?: readonly string[];
  readonly networks?: unknown;
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly deploy?: {
    readonly replicas?: number;
    readonly resources?: Readonly<Record<'limits' | 'reservations', { readonly cpus: string; readonly memory: string }>>;
  };
}

export interface Composition {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets?: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
}

/** The compose files by what they are for. */
export const COMPOSITIONS = {
  'one machine': ['docker-compose.yml'],
  production: ['docker-compose.yml', 'docker-compose.production.yml'],
} as const;

/** Lists that the later file replaces, as compose does; all others are joined. */
const REPLACED = new Set(['command', 'test']);

/** These files of the package's root, the later ones over the earlier ones, without variables being filled in. Throws on YAML that is not clean. */
export function composition(files: readonly string[]): Composition {
  return files.map(read).reduce((below, above) => merged(below, above, '')) as Composition;
}

function read(file: string): unknown {
  const text = readFileSync(join(packageRoot(), file), 'utf8');
  // Where a later file is to replace a list, the list says so itself; one only of mount points, whose paths tell them apart.
  const document = parseDocument(text.replaceAll('!override ', ''), { merge: true, strict: true });
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw problem;
  return document.toJS() as unknown;
}

function merged(below: unknown, above: unknown, key: string): unknown {
  if (Array.isArray(below) && Array.isArray(above)) return REPLACED.has(key) ? above : [...new Set<unknown>([...(below as unknown[]), ...(above as unknown[])])];
  if (!isMap(below) || !isMap(above)) return above;
  const keys = new Set([...Object.keys(below), ...Object.keys(above)]);
  return Object.fromEntries([...keys].map((name) => [name, name in below && name in above ? merged(below[name], above[name], name) : (above[name] ?? below[name])]));
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
