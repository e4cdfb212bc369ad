import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Redis } from 'ioredis';

/**
 * A relay of two processes with Socket.IO and its Redis adapter: what is for a caller goes through the adapter, as Socket.IO
 * means it; what comes of a caller is published as bytes, because the adapter has only JSON for that direction. With PORT this
 * is the side of the callers, without it is the worker. The packages are found in PEER_MODULES.
 */
interface Io {
  on(event: 'connection', listener: (socket: IoSocket) => void): void;
  to(room: string): { emit(event: string, ...values: unknown[]): void };
}

interface IoSocket {
  readonly id: string;
  on(event: 'frame', listener: (frame: Buffer) => void): void;
  on(event: 'text', listener: (message: { readonly content: string }) => void): void;
}

interface SocketIoPackage {
  readonly Server: new (http: Server | undefined, options: object) => Io;
}

interface AdapterPackage {
  readonly createAdapter: (publisher: Redis, subscriber: Redis) => unknown;
}

const UP = 'socket-io.up';
const ID_LENGTH = 20;
const BINARY = 1;

const load = createRequire(join(process.env['PEER_MODULES'] ?? '', 'package.json'));
const { Server: IoServer } = load('socket.io') as SocketIoPackage;
const { createAdapter } = load('@socket.io/redis-adapter') as AdapterPackage;
const url = process.env['REDIS_URL'] ?? '';
const publisher = new Redis(url, { enableAutoPipelining: true });
const adapter = createAdapter(new Redis(url, { enableAutoPipelining: true }), new Redis(url));

/** [id of 20 letters][binary u8][bytes]. */
function packed(id: string, isBinary: boolean, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(id, 'latin1'), Buffer.of(isBinary ? BINARY : 0), bytes]);
}

function holdCallers(port: number): void {
  const http = createServer((_request, response) => response.end('ready'));
  new IoServer(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false, adapter }).on('connection', (socket) => {
    socket.on('frame', (frame) => void publisher.publish(UP, packed(socket.id, true, frame)));
    socket.on('text', (message) => void publisher.publish(UP, packed(socket.id, false, Buffer.from(message.content))));
  });
  http.listen(port, '127.0.0.1');
}

async function work(): Promise<void> {
  const io = new IoServer(undefined, { adapter });
  const subscriber = new Redis(url);
  subscriber.on('messageBuffer', (_channel: Buffer, bytes: Buffer) => {
    const id = bytes.toString('latin1', 0, ID_LENGTH);
    const content = bytes.subarray(ID_LENGTH + 1);
    if (bytes[ID_LENGTH] === BINARY) io.to(id).emit('frame', content);
    else io.to(id).emit('text', { type: 'text', content: `You said: ${content.toString()}.` });
  });
  await subscriber.subscribe(UP);
  process.stdout.write('ready\n');
}

const port = process.env['PORT'];
if (port === undefined) await work();
else holdCallers(Number(port));
process.once('SIGTERM', () => process.exit());
