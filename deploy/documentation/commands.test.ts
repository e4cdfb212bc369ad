import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { COMPOSITIONS, composition } from '../compose/compose-files-fixture.ts';
import { readDocument } from './tables.ts';

const ROOT = packageRoot();
const DOCUMENTS = ['README.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
const FULL = readFileSync(join(ROOT, '.ci/full'), 'utf8');
const COMPOSE = 'docker compose -f docker-compose.yml -f docker-compose.production.yml';
/** That is what runs them. */
const RUNS_ITSELF = '.ci/full';

/** The lines of a document's shell blocks. */
function commandsOf(document: string): string[] {
  return [...readDocument(ROOT, document).matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, block = '']) => block.split('\n').map((line) => line.trim()).filter((line) => line !== ''));
}

/** How the commands of a document begin that the full check runs. */
function runFrom(document: string): string[] {
  const calls = FULL.matchAll(new RegExp(`^documented ${document} (?:'([^'\\n]+)'|"([^"\\n]+)")$`, 'gm'));
  return [...calls].map(([, plain, filled = '']) => plain ?? filled.replace('$compose', COMPOSE));
}

describe('the commands of the documentation', () => {
  for (const name of ['deployment.md', 'operations.md']) {
    test(`of docs/${name} are run by the full check as they stand there, each of them`, () => {
      const commands = commandsOf(`docs/${name}`).filter((command) => command !== RUNS_ITSELF);
      const begins = runFrom(name);
      assert.ok(commands.length > 1);
      for (const command of commands) assert.ok(begins.some((begin) => command.startsWith(begin)), `.ci/full does not run: ${command}`);
      for (const begin of begins) assert.ok(commands.some((command) => command.startsWith(begin)), `docs/${name} has no command that begins with: ${begin}`);
    });
  }

  test('ask npm for scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
    const asked = DOCUMENTS.flatMap((document) => [...readDocument(ROOT, document).matchAll(/npm run ([a-z][a-z:-]*)/g)].map(([, script = '']) => ({ document, script })));
    assert.ok(asked.length > 10);
    for (const { document, script } of asked) assert.ok(script in scripts, `${document}: npm run ${script}`);
  });

  test('name files of this repository that there are', () => {
    for (const document of DOCUMENTS) {
      for (const command of commandsOf(document)) {
        for (const [path] of command.matchAll(/(?<=^|[\s=])(?:deploy|k8s|\.ci|docs|loadtest)\/[\w./-]+/g)) assert.ok(existsSync(join(ROOT, path)), `${document}: ${command}`);
      }
    }
  });

  test('ask compose for services, volumes and files that there are', () => {
    const { services, volumes = {} } = composition(COMPOSITIONS.production);
    const commands = commandsOf('docs/deployment.md').filter((command) => command.startsWith('docker '));
    for (const command of commands) {
      for (const [, file = ''] of command.matchAll(/ -f (docker-compose\S+)/g)) assert.ok(existsSync(join(ROOT, file)), command);
      for (const [, name = ''] of command.matchAll(/ voxfleet_(\S+)/g)) assert.ok(name in volumes, command);
      const [, named = ''] = / (?:stop|exec -T|run --rm --no-deps -T)((?: [a-z][a-z\d-]*)+)/.exec(command.replace(/ sh (?:-c|\/).*/, '')) ?? [];
      for (const name of named.split(' ').filter((word) => word !== '')) assert.ok(name in services, command);
    }
  });
});
