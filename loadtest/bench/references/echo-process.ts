import uws from 'uWebSockets.js';

/** A bare uWebSockets.js server that sends every message back: what a frame costs at the least. */
const port = Number(process.env['PORT']);
uws
  .App()
  .get('/', (response) => void response.end('ready'))
  .ws('/*', {
    compression: uws.DISABLED,
    idleTimeout: 0,
    message: (ws, message, isBinary) => void ws.send(message, isBinary),
  })
  .listen('127.0.0.1', port, (socket) => {
    if (socket === false) process.exit(1);
  });
process.once('SIGTERM', () => process.exit());
