import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LATENCY_STAGES, type StageLatencies } from '../../shared/protocol/agent-event.ts';
import { DEFAULT_AUDIO_FORMAT } from '../../shared/protocol/audio-format.ts';
import type { ConversationItem, SessionRecord } from '../../shared/session/record.ts';
import { callTimeline, readCall } from './call-timeline.ts';

const STAGES = Object.fromEntries(LATENCY_STAGES.map((stage) => [stage, 5])) as StageLatencies;
const RECORD: SessionRecord = {
  config: { sessionId: 's1', tags: [], lane: 'normal', agent: { instructions: '', language: 'en', hints: [], engines: {}, speak_text: false }, input: DEFAULT_AUDIO_FORMAT, output: DEFAULT_AUDIO_FORMAT, tokenHash: 'secret', createdAtMs: 1 },
  state: 'active', owner: 'worker-1-0a1b2c3d', fence: 2, leaseUntilMs: 0, ingressSeq: 0, egressSeq: 0, connectionNo: 1, expiresAtMs: 0,
};
const CALLER: ConversationItem = { kind: 'caller', turn: 1, text: 'hello', atMs: 10, seq: 4 };
const SENTENCE: ConversationItem = { kind: 'sentence', turn: 1, index: 0, text: 'Hi there.', atMs: 20 };
const AGENT: ConversationItem = { kind: 'agent', turn: 1, text: 'Hi', interrupted: true, atMs: 40 };

test('a call is told as it went: what was heard, how long each stage took, why the agent stopped', () => {
  const items: ConversationItem[] = [
    CALLER, SENTENCE, { kind: 'reply', turn: 1, hangUp: false, atMs: 21 }, { kind: 'stages', turn: 1, stages: STAGES, atMs: 30 },
    { kind: 'mark', turn: 1, reason: 'barge_in', atMs: 40 }, AGENT,
  ];
  const { entries, ...call } = callTimeline(RECORD, items);
  assert.deepEqual(call, { session_id: 's1', state: 'active', owner: 'worker-1', fence: 2, created_at_ms: 1 });
  assert.deepEqual(entries, [
    { kind: 'caller', turn: 1, text: 'hello', atMs: 10 }, { kind: 'stages', turn: 1, stages: STAGES, atMs: 30 },
    { kind: 'mark', turn: 1, words: 'the agent stopped: the caller spoke over it', atMs: 40 },
    { kind: 'agent', turn: 1, text: 'Hi', interrupted: true, atMs: 40 },
  ]);
});

test('an answer without an end is said to be under way, until the agent is through', () => {
  assert.match(JSON.stringify(callTimeline(RECORD, [CALLER, SENTENCE]).entries.at(-1)), /has begun to answer/);
  assert.equal(callTimeline(RECORD, [CALLER, SENTENCE, AGENT]).entries.at(-1)?.kind, 'agent');
});

test('what a newer worker stored harms nobody: items pass by, reasons are told as they are', () => {
  const newer = [{ kind: 'summary', atMs: 1 }, { kind: 'mark', turn: 3, reason: 'eclipse', atMs: 2 }] as object[] as ConversationItem[];
  assert.deepEqual(callTimeline(RECORD, newer).entries, [{ kind: 'mark', turn: 3, words: 'eclipse', atMs: 2 }]);
});

test('of a long call the newest 500 entries are told, and nothing secret of any', () => {
  const items = Array.from({ length: 900 }, (_, atMs): ConversationItem => ({ ...CALLER, atMs }));
  const call = callTimeline(RECORD, items);
  assert.deepEqual([call.entries.length, call.entries[0]?.atMs], [500, 400]);
  assert.ok(!JSON.stringify(call).includes('secret'));
});

test('an id that is unknown or none is session_not_found', async () => {
  const store = { load: () => Promise.resolve(undefined), items: () => Promise.resolve([]) };
  for (const id of ['unknown', '', '..', '%zz', 'a/b', 'x'.repeat(500)]) await assert.rejects(readCall(store, `/fleet/calls/${id}`), { code: 'session_not_found' });
});
