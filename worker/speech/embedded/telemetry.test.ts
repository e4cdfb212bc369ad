import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const SCRIPT = `void (async () => {
  const { createEmbeddedVoiceActivity } = await import('${new URL('./voice-activity.js', import.meta.url).href}');
  const { createLog } = await import('${new URL('../../../shared/runtime/log.js', import.meta.url).href}');
  const engine = await createEmbeddedVoiceActivity({ env: {}, log: createLog({ tier: 'test', id: 'telemetry', level: 'silent' }) });
  await engine.close();
})();`;

test('the voice activity engine prepares nothing to be sent to its makers', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-telemetry-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const env = { ...process.env, TMPDIR: folder, HOME: folder };
  const { status, stderr } = spawnSync(process.execPath, ['--eval', SCRIPT], { env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  assert.deepEqual(readdirSync(folder), []);
});
