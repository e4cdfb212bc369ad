import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GATEWAY_SETTINGS } from '../../gateway/config.ts';
import { CLOSE_TABLE, ERROR_TABLE } from '../../shared/runtime/errors.ts';
import type { Settings } from '../../shared/runtime/env.ts';
import { SHARED_SETTINGS } from '../../shared/runtime/settings.ts';
import { WORKER_SETTINGS } from '../../worker/config.ts';

/** Documents that hold generated tables, relative to the package's root. */
export const DOCUMENTS = ['README.md', 'docs/wire.md'] as const;

const SHARED_NAMES = new Set(Object.values(SHARED_SETTINGS).map(({ name }) => name));

/** Each generated table by the name its markers have in a document. */
const TABLES: Readonly<Record<string, () => string>> = {
  'shared settings': () => settingsTable(SHARED_SETTINGS),
  'gateway settings': () => settingsTable(own(GATEWAY_SETTINGS)),
  'worker settings': () => settingsTable(own(WORKER_SETTINGS)),
  'error codes': () =>
    table(['code', 'HTTP', 'meaning'], Object.entries(ERROR_TABLE).map(([code, { status, meaning }]) => [`\`${code}\``, String(status), meaning])),
  'close codes': () =>
    table(['code', 'reason'], Object.values(CLOSE_TABLE).map(({ code, reason }) => [String(code), reason])),
};

/** The document's text with every table between its markers as the code has it now. Throws where a marker names no table. */
export function withTables(text: string): string {
  return text.replace(/(<!-- table: (.+?) -->\n)[\s\S]*?(<!-- end -->)/g, (_all, begin: string, name: string, end: string) => {
    const make = TABLES[name];
    if (make === undefined) throw new Error(`no table is named "${name}"; there are ${Object.keys(TABLES).join(', ')}`);
    return `${begin}${make()}\n${end}`;
  });
}

/** Reads a document of this package. */
export function readDocument(root: string, document: string): string {
  return readFileSync(join(root, document), 'utf8');
}

function own(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, { name }]) => !SHARED_NAMES.has(name)));
}

function settingsTable(settings: Settings): string {
  const rows = Object.values(settings).map(({ name, fallback, meaning }) => [`\`${name}\``, shown(name, fallback), meaning]);
  return table(['name', 'default', 'meaning'], rows);
}

/** A default that depends on the machine is named in its meaning, not shown. */
function shown(name: string, fallback: string | undefined): string {
  return fallback === undefined || fallback === '' || name === 'MAX_WORKERS' ? '' : `\`${fallback}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
