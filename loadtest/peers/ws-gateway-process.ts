import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { WebSocket, WebSocketServer } from 'ws';
import { CHANNEL, readRelayed, writeRelayed } from './relayed-message.ts';

/** A relay as it is often written: `ws`, and Redis pub/sub between the processes, its commands pipelined. */
const url = process.env['REDIS_URL'] ?? '';
const publisher = new Redis(url, { enableAutoPipelining: true });
const subscriber = new Redis(url);
const sockets: (WebSocket | undefined)[] = [];

subscriber.on('messageBuffer', (_channel: Buffer, bytes: Buffer) => {
  const { slot, isBinary, message } = readRelayed(bytes);
  const socket = sockets[slot];
  if (socket?.readyState === WebSocket.OPEN) socket.send(message, { binary: isBinary });
});
await subscriber.subscribe(CHANNEL.down);

const http = createServer((_request, response) => response.end('ready'));
new WebSocketServer({ server: http, perMessageDeflate: false, skipUTF8Validation: true }).on('connection', (socket: WebSocket) => {
  const slot = sockets.push(socket) - 1;
  socket.on('message', (message: Buffer, isBinary: boolean) => void publisher.publish(CHANNEL.up, writeRelayed({ slot, isBinary, message })));
  socket.on('close', () => (sockets[slot] = undefined));
});
http.listen(Number(process.env['PORT']), '127.0.0.1');
process.once('SIGTERM', () => process.exit());
