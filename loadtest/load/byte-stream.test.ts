import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { ByteStream, OpenStream } from './byte-stream.ts';
import { kernelStreams } from './kernel-stream.ts';
import { nodeStreams } from './node-stream.ts';

const HOST = '127.0.0.1';

/** One side opened by `open`, the other a socket of a real server. */
interface Pair {
  readonly stream: ByteStream;
  readonly peer: Socket;
  /** What the stream heard. */
  readonly heard: () => Buffer;
  readonly heardAll: (bytes: number) => Promise<void>;
  readonly closed: Promise<Error | undefined>;
}

async function pair(open: OpenStream, server: Server): Promise<Pair> {
  const accepted = once(server, 'connection');
  const parts: Buffer[] = [];
  let onHeard: () => void = () => undefined;
  let onClosed: (error?: Error) => void = () => undefined;
  const closed = new Promise<Error | undefined>((resolve) => (onClosed = resolve));
  const { port } = server.address() as AddressInfo;
  const stream = open({ host: HOST, port, isSecure: false }, {
    onBytes: (bytes) => {
      parts.push(Buffer.from(bytes));
      onHeard();
    },
    onClosed,
  });
  const [peer] = (await accepted) as [Socket];
  const heard = (): Buffer => Buffer.concat(parts);
  const heardAll = async (bytes: number): Promise<void> => {
    while (heard().length < bytes) await new Promise<void>((resolve) => (onHeard = resolve));
  };
  return { stream, peer, heard, heardAll, closed };
}

async function read(peer: Socket, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of peer.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    parts.push(part);
    length += part.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(parts);
}

for (const [name, open] of [['the kernel’s sockets', kernelStreams()], ['Node’s sockets', nodeStreams()]] as const) {
  describe(`a stream over ${name}`, { timeout: 30_000 }, () => {
    const server = createServer();
    before(async () => {
      server.listen(0, HOST);
      await once(server, 'listening');
    });
    after(() => void server.close());

    it('carries bytes both ways, also those that were written before it stood', async () => {
      const accepted = once(server, 'connection');
      const { port } = server.address() as AddressInfo;
      let onClosed: () => void = () => undefined;
      const closed = new Promise<void>((resolve) => (onClosed = resolve));
      const stream = open({ host: HOST, port, isSecure: false }, { onBytes: (bytes) => stream.write(Buffer.from(bytes)), onClosed });
      stream.write(Buffer.from('early '));
      stream.write(Buffer.from('words'));
      const [peer] = (await accepted) as [Socket];
      assert.equal((await read(peer, 11)).toString(), 'early words');
      peer.write('again');
      assert.equal((await read(peer, 5)).toString(), 'again');
      stream.destroy();
      await closed;
    });

    it('keeps what the kernel does not take, in order, and says how much that is', async () => {
      const { stream, peer, closed } = await pair(open, server);
      peer.pause();
      const block = Buffer.from(Uint8Array.from({ length: 1_000_003 }, (_, at) => at % 251));
      for (let i = 0; i < 16; i += 1) stream.write(block);
      assert.ok(stream.waitingBytes > 0 && stream.waitingBytes <= 16 * block.length);
      const all = await read(peer, 16 * block.length);
      assert.ok(all.equals(Buffer.concat(Array.from({ length: 16 }, () => block))));
      peer.destroy();
      await closed;
    });

    it('sends at once what was written while it was corked', async () => {
      const { stream, peer, closed } = await pair(open, server);
      stream.cork();
      stream.write(Buffer.from('to'));
      stream.write(Buffer.from('gether'));
      assert.ok(stream.waitingBytes > 0, 'nothing has left');
      stream.uncork();
      assert.equal((await read(peer, 8)).toString(), 'together');
      stream.destroy();
      await closed;
    });

    it('reads nothing while it is paused, and all of it afterwards', async () => {
      const { stream, peer, heard, heardAll, closed } = await pair(open, server);
      peer.write('one');
      await heardAll(3);
      stream.pause();
      // More than all buffers between: the peer cannot get rid of it unless somebody reads.
      const much = Buffer.alloc(12 * 2 ** 20, 7);
      peer.write(much);
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(peer.writableLength > 0);
      assert.ok(heard().length <= 3 + 65_536, 'but for what was being read');
      stream.resume();
      await heardAll(3 + much.length);
      stream.destroy();
      await closed;
    });

    it('ends after what was written, and still reads', async () => {
      const { stream, peer, heard, heardAll, closed } = await pair(open, server);
      peer.write('welcome');
      await heardAll(7);
      stream.write(Buffer.alloc(3_000_000, 1));
      stream.end();
      stream.write(Buffer.from('too late'));
      let bytes = 0;
      for await (const part of peer as AsyncIterable<Buffer>) bytes += part.length;
      assert.equal(bytes, 3_000_000);
      assert.equal(await closed, undefined);
      assert.equal(heard().toString(), 'welcome');
    });

    it('hears that the other side is gone, with what it said last', async () => {
      const { peer, heard, closed } = await pair(open, server);
      peer.end('bye');
      assert.equal(await closed, undefined);
      assert.equal(heard().toString(), 'bye');
    });

    it('hears that the connection was cut', async () => {
      const { stream, peer, heardAll, closed } = await pair(open, server);
      peer.write('x');
      await heardAll(1);
      peer.resetAndDestroy();
      assert.match((await closed)?.message ?? '', /ECONNRESET/);
      stream.write(Buffer.from('nobody'));
      stream.end();
      stream.destroy();
    });

    it('hears that nobody listens', async () => {
      const other = createServer().listen(0, HOST);
      await once(other, 'listening');
      const { port } = other.address() as AddressInfo;
      other.close();
      await once(other, 'close');
      const error = await new Promise<Error | undefined>((resolve) => open({ host: HOST, port, isSecure: false }, { onBytes: () => undefined, onClosed: resolve }));
      assert.match(error?.message ?? '', /ECONNREFUSED/);
    });
  });
}
