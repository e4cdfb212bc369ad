import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { COMPOSITIONS, composition } from '../compose/compose-files-fixture.ts';
import { readDocument } from './tables.ts';

const ROOT = packageRoot();
const DOCUMENTS = ['README.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
const COMPOSE = 'docker compose -f docker-compose.yml -f docker-compose.production.yml';
/** Which check runs the commands of which documents. */
const RUN_BY: Readonly<Record<string, readonly string[]>> = {
  '.ci/full': ['deployment.md', 'operations.md'],
  '.ci/cluster': ['kubernetes.md', 'upgrades.md', 'disaster.md'],
};
/** How commands begin that no check runs from the document, and why. */
const RUN_ELSEWHERE: Readonly<Record<string, string>> = {
  '.ci/full': 'is the check itself',
  '.ci/cluster': 'is the check itself',
  'npm run build': 'is run before every test',
  'WRITE_MANIFESTS=1 ': 'would write into the sources; what it writes is compared by deploy/manifests/generated.test.ts',
  'git diff ': 'only shows what the line before it wrote',
  'npm run rollout:verdict ': 'needs the metrics of ten minutes; run by deploy/rollout/verdict.test.ts',
  'kubectl -n voxfleet-dev port-forward ': 'needs a kubelet',
};

/** The lines of a document's shell blocks. */
function commandsOf(document: string): string[] {
  return [...readDocument(ROOT, document).matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].flatMap(([, block = '']) => block.split('\n').map((line) => line.trim()).filter((line) => line !== ''));
}

/** How the commands of a document begin that a check runs. */
function runFrom(document: string, check: string): string[] {
  const calls = readFileSync(join(ROOT, check), 'utf8').matchAll(new RegExp(`^ *(?:[A-Z]+=\\S+ )?documented ${document} (?:'([^'\\n]+)'|"([^"\\n]+)")$`, 'gm'));
  return [...calls].map(([, plain, filled = '']) => plain ?? filled.replace('$compose', COMPOSE));
}

describe('the commands of the documentation', () => {
  for (const [check, name] of Object.entries(RUN_BY).flatMap(([by, documents]) => documents.map((document) => [by, document] as const))) {
    test(`of docs/${name} are run by ${check} as they stand there, each of them`, () => {
      const commands = commandsOf(`docs/${name}`);
      const begins = runFrom(name, check);
      assert.ok(begins.length > 0);
      // As the function `documented` of .ci/steps chooses.
      const run = begins.map((begin) => commands.find((command) => command === begin) ?? commands.find((command) => command.startsWith(begin)));
      for (const [index, begin] of begins.entries()) assert.ok(run[index] !== undefined, `docs/${name} has no command that begins with: ${begin}`);
      const others = commands.filter((command) => !Object.keys(RUN_ELSEWHERE).some((begin) => command.startsWith(begin)));
      for (const command of others) assert.ok(run.includes(command), `${check} does not run: ${command}`);
    });
  }

  test('for kubectl stand in blocks, where a check finds them, and not only within sentences', () => {
    for (const document of DOCUMENTS.filter((name) => name !== 'docs/decisions.md')) {
      const commands = commandsOf(document);
      for (const [, command = ''] of readDocument(ROOT, document).matchAll(/`(kubectl (?!kustomize`)[^`]+)`/g)) assert.ok(commands.includes(command), `${document}: ${command}`);
    }
  });

  test('that no check runs are in some document', () => {
    const commands = DOCUMENTS.flatMap(commandsOf);
    for (const begin of Object.keys(RUN_ELSEWHERE)) assert.ok(commands.some((command) => command.startsWith(begin)), begin);
  });

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
