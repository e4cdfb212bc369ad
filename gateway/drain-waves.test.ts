import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Waves, type Leaver } from './drain.ts';

class Client implements Leaver {
  readonly asked: number[] = [];
  canResume = true;

  goAway(reconnectAfterMs: number): boolean {
    if (this.canResume) this.asked.push(reconnectAfterMs);
    return this.canResume;
  }
}

test('everybody who can resume is asked exactly once, spread over the time given', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 10_000 }), (callers, spreadMs) => {
      const clients = Array.from({ length: callers }, () => new Client());
      const waves = new Waves(spreadMs, 1000);
      const sizes: number[] = [];
      for (let now = 1000; now <= 1000 + spreadMs + 250; now += 50) sizes.push(waves.ask(clients, now));
      assert.equal(sizes.reduce((sum, size) => sum + size, 0), callers);
      assert.ok(clients.every(({ asked }) => asked.length === 1 && asked.every((ms) => ms >= 0 && ms <= 250)));
    }),
    { numRuns: 50 },
  );
});

test('a thousand callers do not leave in one wave', () => {
  const clients = Array.from({ length: 1000 }, () => new Client());
  const waves = new Waves(3000, 0);
  const sizes: number[] = [];
  for (let now = 0; now <= 3250; now += 50) sizes.push(waves.ask(clients, now));
  assert.ok(Math.max(...sizes) < 200, `the largest of the waves ${sizes.filter((size) => size > 0).join(' ')}`);
});

test('who cannot resume is asked again, and asked when it can', () => {
  const client = new Client();
  client.canResume = false;
  const waves = new Waves(0, 0);
  assert.equal(waves.ask([client], 0), 0);
  client.canResume = true;
  assert.equal(waves.ask([client], 250), 1);
  assert.equal(waves.ask([client], 500), 0);
});
