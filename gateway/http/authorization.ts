import { createHash, timingSafeEqual } from 'node:crypto';
import { RESUME_SUBPROTOCOL_PREFIX, TOKEN_SUBPROTOCOL_PREFIX } from '../../shared/protocol/native-message.ts';
import { VoxError } from '../../shared/runtime/errors.ts';
import type { HttpRequest } from './exchange.ts';
import { checkOrigin } from './origin.ts';

/** SHA-256 of a secret, hex: what is stored and compared in its place. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Whether a secret has this hash, in time that does not depend on where they differ. */
export function matchesHash(secret: string, hash: string): boolean {
  const given = Buffer.from(secretHash(secret));
  const expected = Buffer.from(hash);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** The API keys of a gateway, kept as hashes; where there are none, whose pages may use it. */
export class ApiKeys {
  readonly #hashes: readonly string[];
  readonly #allowedOrigins: readonly string[];

  constructor(keys: readonly string[], allowedOrigins: readonly string[]) {
    this.#hashes = keys.map(secretHash);
    this.#allowedOrigins = allowedOrigins;
  }

  /** False where the gateway was started without keys: HTTP is open then and session tokens are not asked for. */
  get required(): boolean {
    return this.#hashes.length > 0;
  }

  /** Throws VoxError `foreign_origin` where there are no keys and the request is another website's. */
  checkOrigin(request: HttpRequest): void {
    if (!this.required) checkOrigin(request, this.#allowedOrigins);
  }

  /** Throws VoxError `unauthorized` where keys are required and the request brings none of them, else as `checkOrigin`. */
  check(request: HttpRequest): void {
    this.checkOrigin(request);
    if (!this.required) return;
    const key = bearerOf(request);
    // Every hash is compared, so that the time says nothing of which one matched.
    const matches = this.#hashes.filter((hash) => key !== undefined && matchesHash(key, hash));
    if (matches.length === 0) throw new VoxError('unauthorized', 'expected an API key as "Authorization: Bearer <key>"');
  }
}

/** A session token from the query (`token`), the Authorization header or a pseudo-subprotocol, in this order. */
export function sessionTokenOf(request: HttpRequest, subprotocols: readonly string[]): string | undefined {
  const offered = subprotocols.find((name) => name.startsWith(TOKEN_SUBPROTOCOL_PREFIX));
  return request.query.get('token') ?? bearerOf(request) ?? offered?.slice(TOKEN_SUBPROTOCOL_PREFIX.length);
}

/** A resume token from the query (`resume`) or a pseudo-subprotocol, in this order. */
export function resumeTokenOf(request: HttpRequest, subprotocols: readonly string[]): string | undefined {
  const offered = subprotocols.find((name) => name.startsWith(RESUME_SUBPROTOCOL_PREFIX));
  return request.query.get('resume') ?? offered?.slice(RESUME_SUBPROTOCOL_PREFIX.length);
}

/** What comes with `Authorization: Bearer`, if anything. */
export function bearerOf(request: HttpRequest): string | undefined {
  return /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
}
