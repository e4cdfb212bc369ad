import { createServer } from 'node:net';

/** A TCP port that was free on 127.0.0.1 a moment ago; another process may still take it first, so starters try again. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

/** Whether nothing listens on this port of `host`. Rejects when the address itself cannot be used (no permission, no such host). */
export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  try {
    await listenOnce(port, host);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') return false;
    throw error;
  }
}

function listenOnce(port: number, host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address !== null ? address.port : port;
      server.close(() => { resolve(bound); });
    });
  });
}
