import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError, flag, generated, integer, list, loadConfig, matching, oneOf, withoutPassword } from './env.ts';

const TABLE = {
  workers: integer('WORKERS', 4, [1, 64], 'How many.'),
  url: matching('URL', 'nats://x', /^nats:/, 'nats://host', 'Where.'),
  level: oneOf('LEVEL', 'info', ['info', 'warn'], 'How loud.'),
  open: flag('OPEN', true, 'Whether.'),
  keys: list('KEYS', 'Which.'),
  id: generated('ID', /^[a-z]+$/, 'small letters', () => 'made', 'Who.'),
};

test('what is absent or empty has its fallback', () => {
  const expected = { workers: 4, url: 'nats://x', level: 'info', open: true, keys: [], id: 'made' };
  assert.deepEqual(loadConfig(TABLE, {}), expected);
  assert.deepEqual(loadConfig(TABLE, { WORKERS: '', URL: '', LEVEL: '', OPEN: '', KEYS: '', ID: '' }), expected);
});

test('each kind of setting reads its text, spaces around it left out', () => {
  const env = { WORKERS: ' 64 ', URL: 'nats://y ', LEVEL: 'WARN', OPEN: '0', KEYS: ' a, b ,,c ', ID: 'own' };
  assert.deepEqual(loadConfig(TABLE, env), { workers: 64, url: 'nats://y', level: 'warn', open: false, keys: ['a', 'b', 'c'], id: 'own' });
});

test('the configuration is frozen', () => {
  assert.ok(Object.isFrozen(loadConfig(TABLE, {})));
});

test('all mistakes are listed at once, each with its name, what is expected and what came', () => {
  const env = { WORKERS: '65', URL: 'http://x', LEVEL: 'loud', OPEN: 'yes', KEYS: 'fine', ID: 'No' };
  assert.throws(() => loadConfig(TABLE, env), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.mistakes, [
      'WORKERS: expected a whole number from 1 to 64, got "65"',
      'URL: expected nats://host, got "http://x"',
      'LEVEL: expected one of info, warn, got "loud"',
      'OPEN: expected true or false, got "yes"',
      'ID: expected small letters, got "No"',
    ]);
    for (const mistake of error.mistakes) assert.ok(error.message.includes(mistake));
    return true;
  });
});

test('no part of a password is printed, whatever it is made of and however the address is wrong', () => {
  for (const secret of ['pass', 'pa/ss', 'p@ss', 'pa ss', 'pa/s@/s', 'p,a://ss']) {
    for (const url of [`nats://user:${secret}@host:1`, `redis+sentinel://:${secret}@a:1,b:2/name`, `nats://x:${secret}@a,nats://y:${secret}@b`, `redis:/user:${secret}@host`]) {
      assert.ok(!withoutPassword(url).includes(secret.slice(-2)), url);
      assert.throws(() => loadConfig({ url: matching('URL', '', /^$/, 'nothing', 'Where.') }, { URL: url }), (error) => !String(error).includes(secret.slice(-2)));
    }
  }
  assert.equal(withoutPassword('redis://user:pa/ss@host:6379/1'), 'redis://[redacted]@host:6379/1');
  assert.equal(withoutPassword('nats://a:4222,nats://b:4222'), 'nats://a:4222,nats://b:4222');
});

test('a number is refused when it is no whole number within its bounds', () => {
  for (const text of ['0', '1.5', '-1', 'ten', '4x', 'NaN', 'Infinity', ' ']) {
    assert.throws(() => loadConfig(TABLE, { WORKERS: text }), ConfigError, text);
  }
});

test('a flag is true, false, 1 or 0 in any case', () => {
  for (const [text, open] of [['TRUE', true], ['1', true], ['False', false], ['0', false]] as const) {
    assert.equal(loadConfig(TABLE, { OPEN: text }).open, open);
  }
});
