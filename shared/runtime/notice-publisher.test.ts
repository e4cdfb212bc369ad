import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTICES_SUBJECT } from '../bus/subjects.ts';
import { noticeOf, type Notice } from '../protocol/notice.ts';
import { unpack } from '../protocol/structured.ts';
import { createRegistry } from './metrics.ts';
import { NoticePublisher, type NoticePublisherOptions } from './notice-publisher.ts';

/** A bus that can be away, and what was published on it. */
class Wire {
  readonly said: (Notice | undefined)[] = [];
  isConnected = true;
  #listener: (connected: boolean) => void = () => undefined;

  readonly bus: NoticePublisherOptions['bus'] = {
    publish: (subject, data) => {
      assert.equal(subject, NOTICES_SUBJECT);
      if (this.isConnected) this.said.push(noticeOf(unpack(data)));
      return this.isConnected;
    },
    onConnection: (listener) => (this.#listener = listener),
  };

  enter(isConnected: boolean): void {
    this.isConnected = isConnected;
    this.#listener(isConnected);
  }
}

function publisher(wire: Wire, clockMs: () => number): { readonly notices: NoticePublisher; readonly leftOut: () => Promise<number> } {
  const registry = createRegistry({ tier: 'worker', id: 'w' });
  const notices = new NoticePublisher({ bus: wire.bus, registry, processId: 'w', tier: 'worker', clockMs });
  const leftOut = async (): Promise<number> => Number(/^voxfleet_notices_left_out_total\{[^}]*\} (\d+)/m.exec(await registry.metrics())?.[1]);
  return { notices, leftOut };
}

test('a notice says by whom it is; what is too much is counted, and the next one says how much it was', async () => {
  const wire = new Wire();
  let now = 0;
  const { notices, leftOut } = publisher(wire, () => now);
  const told = Array.from({ length: 300 }, () => notices.tell({ kind: 'error', code: 'internal', errorId: 'e', sessionId: 's' }));
  assert.deepEqual([told.filter(Boolean).length, await leftOut()], [200, 100]);
  const { atMs, ...first } = wire.said[0] ?? { atMs: 0 };
  assert.ok(atMs > 0);
  assert.deepEqual(first, { processId: 'w', tier: 'worker', kind: 'error', code: 'internal', errorId: 'e', sessionId: 's' });
  now += 1000;
  assert.deepEqual([notices.tell({ kind: 'drain_began' }), notices.tell({ kind: 'drain_ended' })], [true, true]);
  assert.deepEqual(wire.said.slice(-2).map((notice) => [notice?.kind, notice?.leftOut]), [['drain_began', 100], ['drain_ended', undefined]]);
});

test('errors that callers made themselves leave room for what went wrong here', () => {
  const wire = new Wire();
  const { notices } = publisher(wire, () => 0);
  for (let no = 0; no < 5000; no += 1) notices.tell({ kind: 'error', code: 'unauthorized' });
  assert.equal(wire.said.length, 50);
  assert.equal(notices.tell({ kind: 'error', code: 'store_unavailable' }), true);
});

test('what is told while the bus is away comes once it is back, up to a hundred', async () => {
  const wire = new Wire();
  const { notices, leftOut } = publisher(wire, () => 0);
  wire.enter(false);
  for (let no = 0; no < 150; no += 1) notices.tell({ kind: 'takeover', detail: String(no) });
  assert.deepEqual([wire.said.length, await leftOut()], [0, 50]);
  wire.enter(true);
  assert.deepEqual([wire.said.length, wire.said[0]?.detail, wire.said.at(-1)?.detail], [100, '0', '99']);
  notices.tell({ kind: 'bus_back' });
  assert.equal(wire.said.at(-1)?.leftOut, 50);
});
