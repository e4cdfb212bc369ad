import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { VitalsMonitor } from './process-vitals.ts';

test('memory, CPU and a blocked event loop are seen, and a delay is told once', async (context) => {
  const monitor = new VitalsMonitor();
  context.after(() => monitor.stop());
  await sleep(50);
  const before = monitor.read();
  await sleep(50);
  const blockedUntilMs = performance.now() + 200;
  while (performance.now() < blockedUntilMs) Math.sqrt(blockedUntilMs);
  await sleep(50);
  const after = monitor.read();
  assert.ok(after.loopDelayMaxMs > 100, `${after.loopDelayMaxMs} ms`);
  assert.ok(after.cpuSeconds > before.cpuSeconds);
  assert.ok(after.peakRssBytes >= after.rssBytes && after.rssBytes > after.heapBytes && after.heapBytes > 1e6);
  assert.ok(after.gcCount >= before.gcCount);
  assert.ok(Object.values(monitor.read()).every((value) => Number.isFinite(value)));
});
