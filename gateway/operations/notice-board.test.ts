import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NoticeBoard } from './notice-board.ts';

const GATEWAY = { processId: 'gateway-1', tier: 'gateway' } as const;

test('takeovers of one worker’s calls are one event that grows, told as they happen', () => {
  const board = new NoticeBoard();
  board.hear({ ...GATEWAY, kind: 'takeover', atMs: 1000, sessionId: 'a', detail: 'worker-2 was lost' });
  board.hear({ ...GATEWAY, kind: 'drain_began', atMs: 1500 });
  board.hear({ processId: 'gateway-2', tier: 'gateway', kind: 'takeover', atMs: 3000, sessionId: 'b', detail: 'worker-2 was lost' });
  const common = { kind: 'takeover', tier: 'gateway', detail: 'worker-2 was lost' } as const;
  assert.deepEqual(board.events(1), [{ ...common, at_ms: 1000, last_at_ms: 3000, count: 2, process_ids: ['gateway-1', 'gateway-2'], session_ids: ['a', 'b'] }]);
  board.hear({ ...GATEWAY, kind: 'takeover', atMs: 9000, sessionId: 'c', detail: 'worker-2 was lost' });
  assert.deepEqual(board.events().map(({ kind, count }) => [kind, count]), [['takeover', 1], ['takeover', 2], ['drain_began', 1]]);
});

test('errors go to the journal and are no events', () => {
  const board = new NoticeBoard();
  board.hear({ ...GATEWAY, kind: 'error', atMs: 1, code: 'bad_frame', errorId: 'e-1', leftOut: 3 });
  assert.equal(board.leftOut, 3, 'what was not sent is known by number');
  assert.deepEqual([board.events(), board.errors().map(({ code, last }) => [code, last[0]?.error_id])], [[], [['bad_frame', 'e-1']]]);
});

test('what another version says, and what is no notice, is passed over; long words are cut', () => {
  const board = new NoticeBoard();
  for (const said of [undefined, null, 7, {}, { ...GATEWAY, kind: 'eclipse', atMs: 1 }, { ...GATEWAY, kind: 'takeover', atMs: 'now' }, { kind: 'takeover', atMs: 1, tier: 'moon', processId: 'x' }]) board.hear(said);
  assert.deepEqual(board.events(), []);
  board.hear({ ...GATEWAY, kind: 'bus_lost', atMs: 1, detail: 'x'.repeat(5000), sessionId: 5 });
  assert.deepEqual([board.events()[0]?.detail.length, board.events()[0]?.session_ids], [300, []]);
});

test('a hundred events are remembered', () => {
  const board = new NoticeBoard();
  for (let atMs = 0; atMs < 500; atMs += 1) board.note({ ...GATEWAY, kind: 'came', atMs, detail: String(atMs) });
  assert.deepEqual([board.events().length, board.events()[0]?.detail], [100, '499']);
});
