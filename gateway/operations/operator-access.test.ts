import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from '../http/exchange.ts';
import { OperatorAccess } from './operator-access.ts';

const OPERATOR_PATHS = ['/metrics', '/health/detailed', '/performance/summary', '/errors', '/fleet/stream', '/fleet/calls/a-call'];

function asked(path: string, token?: string): HttpRequest {
  const headers = new Map(token === undefined ? [] : [['authorization', `Bearer ${token}`]]);
  return { method: 'GET', path, query: new URLSearchParams(), headers, body: new Uint8Array() };
}

test('in development everything is open; in production nothing that operators are told is, unless exposed', () => {
  const closed = new OperatorAccess({ tokens: [], isProduction: true, isExposed: false });
  const open = [new OperatorAccess({ tokens: [], isProduction: false, isExposed: false }), new OperatorAccess({ tokens: [], isProduction: true, isExposed: true })];
  for (const path of OPERATOR_PATHS) {
    assert.throws(() => closed.check(asked(path)), { code: 'not_found' });
    for (const access of open) assert.doesNotThrow(() => access.check(asked(path)));
  }
});

test('where there are tokens one of them is needed, exposed or not', () => {
  for (const isProduction of [true, false]) {
    for (const isExposed of [true, false]) {
      const access = new OperatorAccess({ tokens: ['first', 'second'], isProduction, isExposed });
      for (const path of OPERATOR_PATHS) {
        assert.throws(() => access.check(asked(path)), { code: 'unauthorized' });
        assert.throws(() => access.check(asked(path, 'third')), { code: 'unauthorized' });
        assert.doesNotThrow(() => access.check(asked(path, 'second')));
      }
    }
  }
});

test('whether a gateway lives and is ready is told to anybody', () => {
  const access = new OperatorAccess({ tokens: ['first'], isProduction: true, isExposed: false });
  for (const path of ['/health/live', '/health/ready', '/', '/sessions']) assert.doesNotThrow(() => access.check(asked(path)));
});

test('the page of the fleet asks for the token itself, and is not there where nobody may ask', () => {
  assert.doesNotThrow(() => new OperatorAccess({ tokens: ['first'], isProduction: true, isExposed: false }).check(asked('/fleet')));
  assert.throws(() => new OperatorAccess({ tokens: [], isProduction: true, isExposed: false }).check(asked('/fleet')), { code: 'not_found' });
});
