import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf } from './errors.ts';

/** What the health endpoints of a process are answered from. Not ready says why. */
export interface AdminSources {
  readonly readiness: () => Promise<{ readonly ready: boolean; readonly reasons: readonly string[] }>;
  /** Undefined where metrics are off. */
  readonly metrics: (() => Promise<string>) | undefined;
  /** Further JSON documents by path, each made when it is asked for. */
  readonly documents?: ReadonlyMap<string, () => Promise<unknown>>;
}

/** An answer of the health endpoints, for whichever server sends it. */
export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Content type of the Prometheus text format 0.0.4. */
export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * `/health/live` (the process runs its event loop: restart it if this fails), `/health/ready` (it takes work) and
 * `/metrics`, the same on both tiers, and what more documents there are. Undefined for any other path.
 */
export async function adminAnswer(path: string, sources: AdminSources): Promise<AdminAnswer | undefined> {
  if (path === '/health/live') return json(200, { status: 'live' });
  if (path === '/health/ready') {
    const { ready, reasons } = await sources.readiness();
    return json(ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', reasons });
  }
  const document = sources.documents?.get(path);
  if (document !== undefined) return json(200, await document());
  if (path !== '/metrics' || sources.metrics === undefined) return undefined;
  return { status: 200, contentType: METRICS_CONTENT_TYPE, body: await sources.metrics() };
}

/** Serves the health endpoints on a port of their own; answers with the port taken (0 asks for a free one). */
export async function startAdminServer(host: string, port: number, sources: AdminSources): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    void serve(request, response, sources);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return { port: portOf(server), close: () => closeServer(server) };
}

async function serve(request: IncomingMessage, response: ServerResponse, sources: AdminSources): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const answer = await adminAnswer(path, sources).catch((error: unknown) =>
    json(500, { status: 'error', reasons: [messageOf(error)] }),
  );
  const { status, contentType, body } = answer ?? json(404, { status: 'error', reasons: ['no such path'] });
  response.writeHead(status, { 'content-type': contentType }).end(body);
}

function json(status: number, value: unknown): AdminAnswer {
  return { status, contentType: 'application/json', body: JSON.stringify(value) };
}

function portOf(server: Server): number {
  const address: string | AddressInfo | null = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
}
