import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../ports.ts';
import { MAX_EVENT_CHARS, SseParser } from './sse.ts';

const STREAM = Buffer.from(
  '\ufeff: a comment\r\ndata: {"a":"Grüße 🌍"}\r\n\r\nevent: named\rdata: one\rdata:two\rdata\rid: 7\r\rdata:  kept space\n\n\n\ndatax: no\n\ndata: [DONE]\n\ndata: not closed',
);
const EVENTS = ['{"a":"Grüße 🌍"}', 'one\ntwo\n', ' kept space', '[DONE]'];

function parse(pieces: readonly Uint8Array[]): string[] {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

describe('server-sent events', () => {
  it('are read with every kind of line end, comments and other fields passed over', () => {
    assert.deepEqual(parse([STREAM]), EVENTS);
  });

  it('are the same chopped in two at every byte', () => {
    for (let at = 0; at <= STREAM.length; at++) assert.deepEqual(parse([STREAM.subarray(0, at), STREAM.subarray(at)]), EVENTS, `at ${at}`);
  });

  it('are the same byte by byte', () => {
    assert.deepEqual(parse([...STREAM].map((byte) => Uint8Array.of(byte))), EVENTS);
  });

  it('never make the parser throw, whatever the bytes, nor depend on where they are cut', () => {
    const bytes = fc.uint8Array({ maxLength: 60 }).map((list) => list.map((byte) => (byte % 3 === 0 ? (byte % 2 === 0 ? 10 : 13) : byte)));
    fc.assert(
      fc.property(bytes, fc.nat(60), (list, at) => {
        assert.deepEqual(parse([list.subarray(0, at), list.subarray(at)]), parse([list]));
      }),
    );
  });

  it('are bounded', () => {
    const parser = new SseParser();
    const piece = Buffer.from('data: '.padEnd(MAX_EVENT_CHARS / 4, 'x'));
    for (let i = 0; i < 4; i++) assert.deepEqual(parser.push(piece), []);
    assert.throws(() => parser.push(piece), EngineError);
  });
});
