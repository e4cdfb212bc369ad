import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

/** At once, so that it is next to impossible that all of them exit between two batches. */
const PROCESSES = 4;

/** Has so much to judge that it judges without a pause, and exits in the middle of it. */
const SCRIPT = `void (async () => {
  const { createEmbeddedVoiceActivity } = await import('${new URL('./voice-activity.js', import.meta.url).href}');
  const { createLog } = await import('${new URL('../../../shared/runtime/log.js', import.meta.url).href}');
  const engine = await createEmbeddedVoiceActivity({ env: {}, log: createLog({ tier: 'test', id: 'exit', level: 'silent' }) });
  const streams = Array.from({ length: 16 }, () => engine.open({ onWindow: (_, heardSamples) => { if (heardSamples > 16_000) process.exit(7); }, onFailure: () => process.exit(8) }));
  for (const stream of streams) stream.push(new Int16Array(16_000 * 20));
})();`;

async function exitOf(signal: AbortSignal): Promise<{ readonly code: unknown; readonly said: string }> {
  const child = spawn(process.execPath, ['--eval', SCRIPT], { stdio: ['ignore', 'ignore', 'pipe'], signal, killSignal: 'SIGKILL' });
  const [said, [code, killedBy]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<unknown[]>]);
  return { code: code ?? killedBy, said };
}

test('a process that exits while Silero judges ends as it was to, not by an abort', { timeout: 60_000 }, async ({ signal }) => {
  const exits = await Promise.all(Array.from({ length: PROCESSES }, () => exitOf(signal)));
  assert.deepEqual(exits, exits.map(() => ({ code: 7, said: '' })));
});
