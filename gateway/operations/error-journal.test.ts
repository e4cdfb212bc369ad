import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notice } from '../../shared/protocol/notice.ts';
import { ErrorJournal } from './error-journal.ts';

function error(code: string, atMs: number, more: Partial<Notice> = {}): Notice {
  return { kind: 'error', tier: 'gateway', processId: 'one', code, atMs, ...more };
}

test('errors are grouped by code with when and where they were, the code seen last first', () => {
  const journal = new ErrorJournal();
  journal.hear(error('bad_frame', 1000, { errorId: 'e-1', sessionId: 's-1', detail: 'audio: odd' }));
  journal.hear(error('shed', 2000));
  journal.hear(error('bad_frame', 3000, { processId: 'two' }));
  const nothing = { error_id: null, session_id: null, detail: null };
  assert.deepEqual(journal.groups(), [
    {
      code: 'bad_frame', count: 2, first_at_ms: 1000, last_at_ms: 3000, by_process: { one: 1, two: 1 },
      last: [
        { at_ms: 3000, process_id: 'two', ...nothing },
        { at_ms: 1000, process_id: 'one', error_id: 'e-1', session_id: 's-1', detail: 'audio: odd' },
      ],
    },
    { code: 'shed', count: 1, first_at_ms: 2000, last_at_ms: 2000, by_process: { one: 1 }, last: [{ at_ms: 2000, process_id: 'one', ...nothing }] },
  ]);
});

test('a code that comes by the thousand pushes out its own contexts, not those of a rare one', () => {
  const journal = new ErrorJournal();
  journal.hear(error('store_unavailable', 1, { errorId: 'rare' }));
  for (let atMs = 2; atMs <= 5001; atMs += 1) journal.hear(error('shed', atMs, { processId: `p-${atMs}` }));
  const [shed, rare] = journal.groups();
  assert.deepEqual([shed?.count, shed?.last.length, shed?.last[0]?.at_ms], [5000, 20, 5001]);
  assert.deepEqual([Object.keys(shed?.by_process ?? {}).length, shed?.by_process['(other)']], [51, 4950], 'its memory is bounded');
  assert.equal(rare?.last[0]?.error_id, 'rare');
  assert.equal(journal.groups(5)[0]?.last.length, 5);
});

test('of codes nobody knows, the one seen longest ago makes room', () => {
  const journal = new ErrorJournal();
  for (let atMs = 0; atMs < 150; atMs += 1) journal.hear(error(`code-${atMs}`, atMs));
  assert.deepEqual([journal.groups().length, journal.groups().at(-1)?.code], [100, 'code-50']);
});
