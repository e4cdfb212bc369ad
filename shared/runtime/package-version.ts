import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from './package-root.ts';

/** The name of this build: `VOXFLEET_VERSION`, which an image brings with it, or the version in package.json. */
export function packageVersion(): string {
  const { VOXFLEET_VERSION: named = '' } = process.env;
  if (named !== '') return named;
  const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { readonly version: string };
  return version;
}
