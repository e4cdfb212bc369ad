import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_AUDIO_FORMAT } from '../../shared/protocol/audio-format.ts';
import type { SessionConfig } from '../../shared/protocol/agent-config.ts';
import { turnIds } from '../../shared/runtime/tracing-context.ts';
import type { SpanRecord, Tracer } from '../../shared/runtime/tracing.ts';
import type { ConversationItem } from '../../shared/session/record.ts';
import { EngineError } from '../speech/ports.ts';
import { SessionTrace } from './session-trace.ts';

const CONFIG: SessionConfig = {
  sessionId: 'call', tags: [], lane: 'normal', input: DEFAULT_AUDIO_FORMAT, output: DEFAULT_AUDIO_FORMAT, tokenHash: '', createdAtMs: 1,
  agent: { instructions: '', language: 'en-US', hints: [], engines: {}, speak_text: false },
};
const CLAIM = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

interface Rig {
  readonly trace: SessionTrace;
  /** Names of what was told so far, an outermost span's with its outcome. */
  readonly told: () => string[];
  readonly spans: SpanRecord[];
}

function rig(items: readonly ConversationItem[] = [], fence = 1): Rig {
  const spans: SpanRecord[] = [];
  const tracer: Tracer = { isSampled: () => true, record: (span) => void spans.push(span), stop: async () => undefined };
  const trace = new SessionTrace({ tracer, config: CONFIG, workerId: 'worker-1', fence, claim: CLAIM, items });
  const told = (): string[] => spans.filter(({ name }) => name !== 'session.seat').map(({ name, attributes }) => (name === 'turn' ? `turn ${attributes['voxfleet.turn']} ${attributes['voxfleet.outcome']}` : name));
  return { trace, told, spans };
}

test('a turn is told when it is over, its engines when they are done', () => {
  const { trace, told, spans } = rig();
  trace.onEffect({ type: 'start_recognizer', turn: 1, fromMs: 0 });
  trace.call('recognizer', 'one')?.end();
  assert.deepEqual(told(), [], 'it may be a cough');
  trace.onEffect({ type: 'commit_caller', turn: 1, text: 'hello' });
  assert.deepEqual(told(), ['recognizer']);
  trace.onEffect({ type: 'call_responder', turn: 1 });
  trace.call('responder', 'two')?.end();
  trace.onEffect({ type: 'speak', turn: 1, index: 0, text: 'Hello.' });
  trace.answered(1, undefined);
  trace.onEffect({ type: 'commit_agent', turn: 1, interrupted: true });
  assert.deepEqual(told(), ['recognizer', 'responder', 'speaking', 'turn 1 interrupted']);
  const { traceId, spanId } = turnIds(CONFIG, 1);
  assert.ok(spans.slice(1).every(({ context, parent }) => context.traceId === traceId && (parent?.spanId ?? context.spanId) === spanId));
  assert.ok(!JSON.stringify(spans).toLowerCase().includes('hello'), 'nothing of what was said');
});

test('what was no turn is not told, but one that failed is', () => {
  const { trace, told } = rig();
  trace.onEffect({ type: 'start_recognizer', turn: 1, fromMs: 0 });
  trace.call('recognizer', 'one')?.end();
  trace.onEffect({ type: 'discard_turn', turn: 1 });
  assert.deepEqual(told(), []);
  trace.onEffect({ type: 'start_recognizer', turn: 2, fromMs: 0 });
  trace.call('recognizer', 'one')?.end({ error: new EngineError('of what was said', true) });
  trace.onEffect({ type: 'discard_turn', turn: 2 });
  assert.deepEqual(told(), ['recognizer', 'turn 2 failed']);
});

test('a turn that the caller goes on from before there is an answer is over then, or once it is understood', () => {
  const { trace, told } = rig();
  trace.onEffect({ type: 'start_recognizer', turn: 1, fromMs: 0 });
  trace.onEffect({ type: 'commit_caller', turn: 1, text: '' });
  trace.onEffect({ type: 'start_recognizer', turn: 2, fromMs: 0 });
  assert.deepEqual(told(), ['turn 1 spoken_on']);
  trace.onEffect({ type: 'start_recognizer', turn: 3, fromMs: 0 });
  trace.onEffect({ type: 'commit_caller', turn: 2, text: '' });
  assert.deepEqual(told(), ['turn 1 spoken_on', 'turn 2 spoken_on']);
});

test('a turn that another worker began is told by the one that ends it: as taken over, linked to the claim, from when it was said on', () => {
  const atMs = Date.now() - 5000;
  const { trace, spans } = rig([{ kind: 'caller', turn: 1, text: '', atMs }], 2);
  trace.onEffect({ type: 'call_responder', turn: 1 });
  trace.onEffect({ type: 'commit_agent', turn: 1, interrupted: false });
  const turn = spans.find(({ name }) => name === 'turn') ?? assert.fail('no turn was told');
  assert.deepEqual([turn.startMs, turn.events?.map(({ name }) => name)], [atMs, ['takeover']]);
  assert.ok(turn.links?.some(({ traceId }) => traceId === 'a'.repeat(32)));
});

test('a text and its answer are a trace of their own', () => {
  const { trace, spans } = rig();
  const text = trace.text(7);
  text.call('one').end({ error: new EngineError('no', false) });
  text.end();
  const [, responder, outermost] = spans;
  assert.deepEqual([outermost?.name, outermost?.isError, outermost?.attributes['voxfleet.text_seq']], ['text', true, 7]);
  assert.deepEqual([responder?.parent?.spanId, responder?.attributes['error.type']], [outermost?.context.spanId, 'EngineError']);
});
