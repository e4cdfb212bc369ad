import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { ConfigError } from './env.ts';
import { withSecretFiles } from './secret-files.ts';

describe('secrets from files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-secrets-'));
  after(() => rmSync(folder, { recursive: true }));
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test('are read where a variable with _FILE names one, without the line’s end', () => {
    const env = { API_KEYS_FILE: file('keys', 'one,two\n'), REDIS_URL_FILE: file('redis', ' redis://:pass@host\n'), LOG_LEVEL: 'info' };
    const { API_KEYS, REDIS_URL, LOG_LEVEL } = withSecretFiles(env);
    assert.deepEqual([API_KEYS, REDIS_URL, LOG_LEVEL], ['one,two', 'redis://:pass@host', 'info']);
    assert.ok(!('API_KEYS' in env), 'the environment itself stays as it is');
  });

  test('serve engines of anybody as well: names that end in key, token, secret, password or URL', () => {
    const path = file('secret', 'hush');
    const names = ['OPENAI_API_KEY', 'MINE_TOKEN', 'MINE_SECRET', 'MINE_PASSWORD', 'CHAT_BASE_URL'];
    const env = withSecretFiles(Object.fromEntries(names.map((name) => [`${name}_FILE`, path])));
    for (const name of names) assert.equal(env[name], 'hush');
  });

  test('are nothing where other variables happen to end in _FILE, or name no file', () => {
    const env = { SSL_CERT_FILE: '/nowhere', LOG_FILE: '/nowhere', API_KEYS_FILE: '', API_KEYS: 'one' };
    assert.deepEqual(withSecretFiles(env), env);
  });

  test('an empty variable beside a file is absent', () => {
    assert.equal(withSecretFiles({ NATS_URL: '', NATS_URL_FILE: file('nats', 'nats://host') })['NATS_URL'], 'nats://host');
  });

  test('that cannot be read, are empty or given twice are all told at once, without what they hold', () => {
    const env = { API_KEYS_FILE: '/nowhere/keys', OPERATOR_TOKENS_FILE: file('empty', '\n'), NATS_URL: 'nats://password@host', NATS_URL_FILE: file('url', 'nats://other') };
    assert.throws(() => withSecretFiles(env), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /API_KEYS_FILE: ENOENT.*\n.*OPERATOR_TOKENS_FILE: .*is empty\n.*NATS_URL_FILE: NATS_URL is set as well/);
      assert.doesNotMatch(error.message, /password|other/);
      return true;
    });
  });
});
