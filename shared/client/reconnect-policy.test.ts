import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLOSE_TABLE } from '../runtime/errors.ts';
import { AddressBook, meaningOfClose, retryDelayMs } from './reconnect-policy.ts';

const ALONE = { addresses: 1, random: 0, hintMs: undefined };

test('every close of the table has a meaning, a cut and a code nobody knows mean again', () => {
  const meanings = Object.fromEntries(Object.entries(CLOSE_TABLE).map(([name, { code }]) => [name, meaningOfClose({ code, failure: '' })]));
  assert.deepEqual(meanings, {
    session_over: 'over', session_not_found: 'over', restarting: 'again', at_capacity: 'busy', replaced: 'replaced', abuse: 'over',
    slow_consumer: 'again', session_lost: 'busy', resume_refused: 'ticket_refused',
  });
  for (const code of [1001, 1005, 1006, 1011, 4999]) assert.equal(meaningOfClose({ code, failure: '' }), 'again');
});

test('an upgrade refused for good is the end, one refused for now is not', () => {
  for (const status of [401, 403, 404, 410]) assert.equal(meaningOfClose({ code: 1006, failure: `Unexpected server response: ${status}` }), 'over');
  for (const status of [429, 500, 502, 503]) assert.equal(meaningOfClose({ code: 1006, failure: `Unexpected server response: ${status}` }), 'again');
});

test('the first attempt comes almost at once, each further one after twice the time, up to a limit', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 20].map((attempt) => retryDelayMs({ ...ALONE, attempt }));
  assert.deepEqual(delays, [0, 125, 250, 500, 1000, 2000, 2500, 2500]);
  assert.ok(retryDelayMs({ ...ALONE, attempt: 1, random: 0.999 }) < 50);
  assert.ok(retryDelayMs({ ...ALONE, attempt: 9, random: 0.999 }) <= 5000);
});

test('every address is tried almost at once before the waiting begins', () => {
  const delays = [1, 2, 3, 4, 5].map((attempt) => retryDelayMs({ ...ALONE, addresses: 3, attempt }));
  assert.deepEqual(delays, [0, 0, 0, 125, 125]);
});

test('a gateway is not asked again before the time it named; others are', () => {
  assert.equal(retryDelayMs({ ...ALONE, attempt: 1, hintMs: 3000 }), 3000);
  assert.equal(retryDelayMs({ ...ALONE, attempt: 9, hintMs: 1000 }), 2500);
  assert.equal(retryDelayMs({ ...ALONE, addresses: 2, attempt: 1, hintMs: 3000 }), 0);
  assert.equal(retryDelayMs({ ...ALONE, addresses: 2, attempt: 3, hintMs: 3000 }), 3000);
});

test('a lost address is followed by any of the others, failed ones by the next in turn', () => {
  for (const [random, next] of [[0, 'b'], [0.4, 'c'], [0.99, 'd']] as const) {
    const book = new AddressBook(['a', 'b', 'c', 'd']);
    assert.equal(book.current, 'a');
    book.leave(random);
    assert.equal(book.current, next);
  }
  const book = new AddressBook(['a', 'b']);
  book.turn();
  book.turn();
  assert.equal(book.current, 'a');
  const only = new AddressBook(['a']);
  only.leave(0.9);
  only.turn();
  assert.equal(only.current, 'a');
});
