import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clientFrame, FrameDecoder, OPCODE } from './websocket-frames.ts';

/** A server's frame. */
function serverFrame(opcode: number, payload: Buffer, isLast = true): Buffer {
  const { length } = payload;
  const first = (isLast ? 0x80 : 0) | opcode;
  if (length < 126) return Buffer.concat([Buffer.from([first, length]), payload]);
  const header = Buffer.alloc(length <= 0xffff ? 4 : 10);
  header[0] = first;
  header[1] = length <= 0xffff ? 126 : 127;
  if (length <= 0xffff) header.writeUInt16BE(length, 2);
  else header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

function decoded(bytes: Buffer, pieceBytes: number): (readonly [number, Buffer])[] {
  const messages: (readonly [number, Buffer])[] = [];
  const decoder = new FrameDecoder((payload, opcode) => messages.push([opcode, Buffer.from(payload)]));
  for (let at = 0; at < bytes.length; at += pieceBytes) decoder.push(bytes.subarray(at, at + pieceBytes));
  return messages;
}

describe('frames of a server', () => {
  it('are whole however they were cut on their way', () => {
    const messages = [[OPCODE.text, Buffer.from('hello')], [OPCODE.binary, Buffer.alloc(640, 7)], [OPCODE.binary, Buffer.alloc(70_000, 9)], [OPCODE.ping, Buffer.alloc(0)]] as const;
    const bytes = Buffer.concat(messages.map(([opcode, payload]) => serverFrame(opcode, payload)));
    for (const pieceBytes of [1, 3, 639, 65_536, bytes.length]) assert.deepEqual(decoded(bytes, pieceBytes), messages, `in pieces of ${pieceBytes}`);
  });

  it('may carry a message in parts, with a ping between them', () => {
    const bytes = Buffer.concat([
      serverFrame(OPCODE.text, Buffer.from('one '), false), serverFrame(OPCODE.ping, Buffer.from('?')), serverFrame(OPCODE.continuation, Buffer.from('two')),
    ]);
    assert.deepEqual(decoded(bytes, 2).map(([opcode, payload]) => [opcode, payload.toString()]), [[OPCODE.ping, '?'], [OPCODE.text, 'one two']]);
  });

  it('are refused where no server may send them', () => {
    assert.throws(() => decoded(clientFrame(OPCODE.text, 'masked'), 100), /masked/);
    assert.throws(() => decoded(serverFrame(OPCODE.continuation, Buffer.from('x')), 100), /had not begun/);
  });
});

describe('frames of a client', () => {
  it('are masked by zeros, so that what is written into them is what goes out', () => {
    const frame = clientFrame(OPCODE.binary, Buffer.from([1, 2, 3]));
    assert.deepEqual([...frame], [0x82, 0x83, 0, 0, 0, 0, 1, 2, 3]);
    assert.equal(clientFrame(OPCODE.binary, Buffer.alloc(652)).readUInt16BE(2), 652);
    assert.equal(clientFrame(OPCODE.binary, Buffer.alloc(70_000)).readBigUInt64BE(2), 70_000n);
  });
});
