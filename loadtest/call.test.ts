import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readWav } from '../shared/audio/wav.ts';
import { startFleet, type Fleet } from '../shared/testing/fleet.ts';

const CALL = fileURLToPath(new URL('./call.js', import.meta.url));
const FRONT_CENTER = '/usr/share/sounds/alsa/Front_Center.wav';

function run(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--enable-source-maps', CALL, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr });
    });
  });
}

describe('npm run call', { timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-call-'));
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet();
  });
  after(async () => {
    await fleet.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('plays a recording, prints what was heard, answered and how long it took, and saves the answer', async () => {
    const save = join(folder, 'reply.wav');
    const url = fleet.gatewayUrls[0] ?? '';
    const { code, output } = await run(FRONT_CENTER, '--url', url, '--save', save, '--instructions', 'repeat', '--hint', 'front center', '--hint', 'rear left');
    assert.equal(code, 0, output);
    assert.match(output, /caller +front center/i);
    assert.match(output, /agent +front center/i);
    assert.match(output, /mouth to ear [\d.]+ ms/);
    const { samples } = readWav(readFileSync(save));
    assert.ok(samples.some((sample) => Math.abs(sample) > 1000), 'the answer is audible');
  });

  test('says in a sentence what is wrong with a file, an option or the address', async () => {
    const broken = join(folder, 'broken.wav');
    writeFileSync(broken, 'no sound at all');
    const url = fleet.gatewayUrls[0] ?? '';
    for (const [args, words] of [
      [[broken], /cannot be played/],
      [[join(folder, 'missing.wav')], /cannot be read/],
      [[], /expected one WAV file/],
      [['--loudly'], /--loudly/],
      [[FRONT_CENTER, '--url', 'http://127.0.0.1:9'], /no gateway answers at/],
      [[FRONT_CENTER, '--url', url, '--save', folder, '--instructions', 'repeat', '--hint', 'front center'], /cannot be written/],
    ] as const) {
      const { code, output } = await run(...args);
      assert.equal(code, 1, output);
      assert.match(output, words);
      assert.doesNotMatch(output, /\n {4}at /, 'without a stack');
    }
  });

  test('--help explains itself', async () => {
    const { code, output } = await run('--help');
    assert.equal(code, 0);
    assert.match(output, /npm run call -- file\.wav/);
  });
});
