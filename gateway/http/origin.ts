import { VoxError } from '../../shared/runtime/errors.ts';
import type { HttpRequest } from './exchange.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Refuses other websites' pages where there are no keys to ask for: a browser lets any page post to, and open sockets on, a
 * server on its user's own machine. Programs send no Origin; pages of this gateway, of this machine and of the allowed
 * origins pass. Throws VoxError `foreign_origin`.
 */
export function checkOrigin(request: HttpRequest, allowed: readonly string[]): void {
  const origin = request.headers.get('origin');
  if (origin === undefined || allowed.includes(origin)) return;
  const page = urlOf(origin);
  if (page !== undefined && (page.host === request.headers.get('host') || LOOPBACK.has(page.hostname))) return;
  throw new VoxError('foreign_origin', 'pages of other origins need an API key, or their origin in ALLOWED_ORIGINS');
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
