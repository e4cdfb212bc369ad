import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRedisUrl, type RedisAddress } from './redis-url.ts';

const PLAIN = { topology: 'server', name: '', db: 0, isTls: false, username: undefined, password: undefined } as const;

test('a URL of one server says host, port, database, user and password', () => {
  const addresses: [string, Partial<RedisAddress>][] = [
    ['redis://127.0.0.1:6379', { hosts: [{ host: '127.0.0.1', port: 6379 }] }],
    ['redis://cache', { hosts: [{ host: 'cache', port: 6379 }] }],
    ['redis://cache:6380/', { hosts: [{ host: 'cache', port: 6380 }] }],
    ['redis://cache/3', { hosts: [{ host: 'cache', port: 6379 }], db: 3 }],
    ['rediss://[::1]:1/0', { hosts: [{ host: '::1', port: 1 }], isTls: true }],
    ['redis://:secret@cache', { hosts: [{ host: 'cache', port: 6379 }], password: 'secret' }],
    ['redis://vox:p%40ss%2F:x@cache', { hosts: [{ host: 'cache', port: 6379 }], username: 'vox', password: 'p@ss/:x' }],
  ];
  for (const [url, address] of addresses) assert.deepEqual(parseRedisUrl(url), { ...PLAIN, ...address }, url);
});

test('a URL of Sentinels lists them, and says how they call the primary', () => {
  assert.deepEqual(parseRedisUrl('redis+sentinel://u:p@one,two:5000/mymaster/2'), {
    topology: 'sentinel', hosts: [{ host: 'one', port: 26_379 }, { host: 'two', port: 5000 }], name: 'mymaster', db: 2, isTls: false,
    username: 'u', password: 'p',
  });
  assert.deepEqual(parseRedisUrl('rediss+sentinel://one/calls%2Feu'), {
    ...PLAIN, topology: 'sentinel', hosts: [{ host: 'one', port: 26_379 }], name: 'calls/eu', isTls: true,
  });
});

test('a URL of a Cluster lists nodes of it', () => {
  assert.deepEqual(parseRedisUrl('rediss+cluster://:p@one:7000,two:7001,three'), {
    ...PLAIN, topology: 'cluster', isTls: true, password: 'p',
    hosts: [{ host: 'one', port: 7000 }, { host: 'two', port: 7001 }, { host: 'three', port: 6379 }],
  });
});

test('a URL that makes no sense is refused with what is wrong in it', () => {
  const mistakes: [string, RegExp][] = [
    ['', /none of these forms/],
    ['cache:6379', /none of these forms/],
    ['http://cache', /none of these forms/],
    ['redis+ring://cache', /none of these forms/],
    ['redis://cache?family=6', /none of these forms/],
    ['redis:// cache', /none of these forms/],
    ['redis://', /"" is no host/],
    ['redis://cache:port', /"cache:port" is no host/],
    ['redis://cache:70000', /"cache:70000" is no host/],
    ['redis://one,two', /one server has one address/],
    ['redis+cluster://one,,two', /"" is no host/],
    ['redis://cache/main', /"\/main" names no database/],
    ['redis://cache/1/2', /"\/1\/2" names no database/],
    ['redis+sentinel://one,two', /the name .* is missing/],
    ['redis+sentinel://one,two//2', /the name .* is missing/],
    ['redis+sentinel://one/mymaster/two', /names no database/],
    ['redis+cluster://one/1', /a Cluster has database 0 alone/],
    ['redis://vox@cache', /a user needs a password/],
    ['redis://vox:@cache', /a user needs a password/],
    ['redis://:50%@cache', /write a percent sign as %25/],
  ];
  for (const [url, message] of mistakes) {
    assert.throws(() => parseRedisUrl(url), (error: unknown) => error instanceof Error && message.test(error.message) && /^expected redis:/.test(error.message), url);
  }
});

test('what a password holds is never in the message', () => {
  for (const url of ['redis://u:hush@cache:x', 'redis://u:hush@cache?x', 'redis+sentinel://u:hush@a', 'redis://:hush/hush@a', 'redis://:1@hush@a']) {
    assert.throws(() => parseRedisUrl(url), (error: unknown) => error instanceof Error && !/hush/.test(error.message));
  }
});

test('any user and password come through a URL as they are, and any text is either an address or an Error', () => {
  fc.assert(fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.string({ minLength: 1, unit: 'grapheme' }), (username, password) => {
    const address = parseRedisUrl(`redis://${encodeURIComponent(username)}:${encodeURIComponent(password)}@cache`);
    assert.deepEqual([address.username, address.password], [username, password]);
  }));
  fc.assert(fc.property(fc.string(), (text) => {
    try {
      return parseRedisUrl(`redis://${text}`).hosts.length === 1;
    } catch (error) {
      return error instanceof Error && error.message.startsWith('expected');
    }
  }));
});
