import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfigError } from '../shared/runtime/env.ts';
import { loadGatewayConfig } from './config.ts';

test('without any environment a gateway listens on this machine alone, without keys', () => {
  const { host, port, apiKeys, gatewayId, maxWebSocketConnections } = loadGatewayConfig({});
  assert.deepEqual({ host, port, apiKeys, maxWebSocketConnections }, { host: '127.0.0.1', port: 8080, apiKeys: [], maxWebSocketConnections: 10_000 });
  assert.match(gatewayId, /^gateway-[0-9a-f]{10}$/);
});

test('production without keys is refused, with keys it is not', () => {
  assert.throws(() => loadGatewayConfig({ ENVIRONMENT: 'production' }), (error) => error instanceof ConfigError && /API_KEYS/.test(error.message));
  assert.throws(() => loadGatewayConfig({ ENVIRONMENT: 'Production', API_KEYS: ' , ' }), ConfigError);
  assert.deepEqual(loadGatewayConfig({ ENVIRONMENT: 'production', API_KEYS: 'a, b' }).apiKeys, ['a', 'b']);
});

test('every mistake is named at once, the missing keys among them', () => {
  const env = { ENVIRONMENT: 'production', PORT: 'eighty', MAX_TEXT_CHARS: '0', GATEWAY_ID: 'a b' };
  assert.throws(() => loadGatewayConfig(env), (error) => {
    assert.ok(error instanceof ConfigError);
    assert.deepEqual(error.mistakes.map((mistake) => mistake.split(':')[0]), ['PORT', 'GATEWAY_ID', 'MAX_TEXT_CHARS', 'API_KEYS']);
    return true;
  });
});
