import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTraceparent, sessionIds, turnIds, writeTraceparent } from './tracing-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const SESSION = { sessionId: 'call-1', createdAtMs: 1_700_000_000_000 };

test('a traceparent is read as it is written, of later versions too', () => {
  const context = { traceId: TRACE, spanId: SPAN, isSampled: true };
  assert.equal(writeTraceparent(context), `00-${TRACE}-${SPAN}-01`);
  assert.deepEqual(readTraceparent(writeTraceparent(context)), context);
  assert.deepEqual(readTraceparent(`00-${TRACE}-${SPAN}-00`), { ...context, isSampled: false });
  assert.deepEqual(readTraceparent(`cc-${TRACE}-${SPAN}-03-what-comes-later`), context);
});

test('what is no traceparent is none', () => {
  const broken = [
    undefined, '', 'x', `ff-${TRACE}-${SPAN}-01`, `00-${'0'.repeat(32)}-${SPAN}-01`, `00-${TRACE}-${'0'.repeat(16)}-01`, `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}`, `00-${TRACE}-${SPAN}-01x`, `00-${TRACE}-${SPAN}-01-${'x'.repeat(500)}`,
  ];
  for (const text of broken) assert.equal(readTraceparent(text), undefined, text);
});

test('ids of a turn follow from its session and number, and no two turns, texts or sessions of the same name share them', () => {
  const { traceId, spanId } = turnIds(SESSION, 1);
  assert.deepEqual(turnIds({ ...SESSION }, 1), { traceId, spanId });
  assert.match(`00-${traceId}-${spanId}-01`, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  const others = [turnIds(SESSION, 2), turnIds(SESSION, 'text-1'), turnIds({ ...SESSION, createdAtMs: 1 }, 1), sessionIds(SESSION)];
  assert.equal(new Set([traceId, ...others.map((ids) => ids.traceId)]).size, 5);
});

test('a session that was created within a trace belongs to that one, its turns have their own', () => {
  const within = { ...SESSION, traceparent: `00-${TRACE}-${SPAN}-01` };
  assert.equal(sessionIds(within).traceId, TRACE);
  assert.deepEqual(turnIds(within, 1), turnIds(SESSION, 1));
});
