import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AudioFlow } from './audio-flow.ts';

test('silence counts from the last audio', () => {
  const flow = new AudioFlow();
  flow.came(1000);
  assert.equal(flow.silentMs(1800), 800);
});

test('before any audio came there is nothing but silence', () => {
  assert.equal(new AudioFlow().silentMs(5), Number.POSITIVE_INFINITY);
});

test('audio that is held up is not silence, until that is not believed any longer', () => {
  const flow = new AudioFlow();
  flow.came(1000);
  flow.interrupted(1500, 10_000);
  flow.interrupted(9000, 10_000);
  assert.deepEqual([flow.silentMs(9000), flow.silentMs(11_500), flow.silentMs(12_500)], [0, 0, 1000]);
});

test('once the way is open again silence counts from the first audio, or from two seconds later where none comes', () => {
  const flow = new AudioFlow();
  flow.interrupted(1000, 10_000);
  flow.back(4000);
  assert.deepEqual([flow.silentMs(6000), flow.silentMs(6500)], [0, 500]);
  flow.came(5000);
  assert.equal(flow.silentMs(5400), 400);
});

test('a way that was not closed is not open again: nothing is counted anew', () => {
  const flow = new AudioFlow();
  flow.came(1000);
  flow.back(2000);
  assert.equal(flow.silentMs(2500), 1500);
});
