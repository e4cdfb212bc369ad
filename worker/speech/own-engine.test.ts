import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLog } from '../../shared/runtime/log.ts';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { loadEngineModules } from './engine-modules.ts';

test('the engine that the documentation shows can be loaded and does what it says', async () => {
  const text = readFileSync(join(packageRoot(), 'docs/engines.md'), 'utf8');
  const source = /^```js\n([\s\S]*?)^```/m.exec(text)?.[1] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-own-engine-'));
  try {
    writeFileSync(join(folder, 'shouting.mjs'), source);
    const [engine] = await loadEngineModules(['./shouting.mjs'], folder);
    const log = createLog({ tier: 'test', id: 'own-engine', level: 'silent' });
    const responder = await engine?.responder?.({ env: {}, log });
    assert.ok(responder);
    const agent = { instructions: '', language: 'en-US', hints: [], engines: {}, speak_text: false };
    const request = { agent, history: [{ role: 'caller', text: 'hello' } as const], nowMs: 0, fleet: { workers: 1, slotsUsed: 0, slotsTotal: 1 } };
    const heard: unknown[] = [];
    for await (const chunk of responder.respond(request, new AbortController().signal)) heard.push(chunk);
    assert.deepEqual(heard, [{ kind: 'text', text: 'HELLO!' }]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
