import { connect } from 'nats';
import uws, { type WebSocket } from 'uWebSockets.js';
import { BareBatch, readBareBatch } from './bare-batch.ts';

/** The gateway of the bare chain: socket → NATS → socket, without sessions, order, pacing, metrics or anything else. */
interface Peer {
  slot: number;
}

const nats = await connect({ servers: process.env['NATS_URL'] ?? '' });
const sockets: (WebSocket<Peer> | undefined)[] = [];
const batch = new BareBatch((bytes) => nats.publish('bare.worker', bytes));
nats.subscribe('bare.gateway', {
  callback: (_error, message) => readBareBatch(message.data, (slot, frame) => void sockets[slot]?.send(frame, true)),
});
await nats.flush();
uws
  .App()
  .get('/', (response) => void response.end('ready'))
  .ws<Peer>('/*', {
    compression: uws.DISABLED,
    idleTimeout: 0,
    open: (ws) => {
      ws.getUserData().slot = sockets.length;
      sockets.push(ws);
    },
    message: (ws, message) => batch.add(ws.getUserData().slot, new Uint8Array(message)),
    close: (ws) => (sockets[ws.getUserData().slot] = undefined),
  })
  .listen('127.0.0.1', Number(process.env['PORT']), (socket) => {
    if (socket === false) process.exit(1);
  });
process.once('SIGTERM', () => process.exit());
