import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { DOCUMENTS, readDocument, withTables } from './tables.ts';

const ROOT = packageRoot();

for (const document of DOCUMENTS) {
  test(`the tables of ${document} are those of the code (npm run docs brings them up to date)`, () => {
    const text = readDocument(ROOT, document);
    assert.match(text, /<!-- table: /, 'it holds at least one table');
    assert.equal(text, withTables(text));
  });
}

test('a marker that names no table is an error', () => {
  assert.throws(() => withTables('<!-- table: nonsense -->\n<!-- end -->'), /no table is named "nonsense"/);
});

test('every setting an engine reads from the environment is documented', () => {
  const engines = readDocument(ROOT, 'docs/engines.md');
  const sources = sourcesBelow(join(ROOT, 'worker/speech')).map((path) => readFileSync(path, 'utf8')).join('\n');
  const names = new Set(sources.match(/\b(?:SCRIPTED|OPENAI|TRANSCRIPTION|CHAT|SPEECH|VAD|RECOGNIZER|SYNTHESIZER|POCKETSPHINX)_[A-Z_]*[A-Z]\b/g));
  assert.ok(names.size > 10, `the search found the settings: ${[...names].join(' ')}`);
  const constants = new Set(sources.match(/(?<=const )[A-Z_]+\b/g));
  for (const name of names) if (!constants.has(name)) assert.ok(engines.includes(name), `${name} is missing in docs/engines.md`);
});

test('every link of a document to a file leads somewhere', () => {
  for (const document of ['README.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)]) {
    for (const [, target = ''] of readDocument(ROOT, document).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)) {
      assert.ok(existsSync(join(ROOT, dirname(document), target)), `${document} links to ${target}`);
    }
  }
});

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name));
}
