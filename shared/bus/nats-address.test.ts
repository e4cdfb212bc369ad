import assert from 'node:assert/strict';
import { test } from 'node:test';
import { natsAddress } from './nats-address.ts';

test('servers of a cluster are separated by commas', () => {
  assert.deepEqual(natsAddress('nats://a:4222, tls://b'), { servers: ['nats://a:4222', 'tls://b'] });
});

test('a user and a password are taken out of the addresses, and are for all of them', () => {
  assert.deepEqual(natsAddress('nats://me:p%40ss@a:4222,nats://b:4222'), { servers: ['nats://a:4222', 'nats://b:4222'], user: 'me', pass: 'p@ss' });
});
