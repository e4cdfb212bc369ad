import { VoxError } from '../../shared/runtime/errors.ts';
import { bearerOf, matchesHash, secretHash } from '../http/authorization.ts';
import type { HttpRequest } from '../http/exchange.ts';

/** Paths that tell how the fleet is. */
const OPERATOR_PATHS: ReadonlySet<string> = new Set(['/metrics', '/health/detailed', '/performance/summary', '/errors']);
/** What the page is made of, calls included. */
const OPERATOR_PREFIX = '/fleet/';
/** The page itself tells nothing: it asks for a token. Where nobody may ask it is not there either. */
const PAGE_PATH = '/fleet';

export interface OperatorAccessOptions {
  /** OPERATOR_TOKENS. */
  readonly tokens: readonly string[];
  readonly isProduction: boolean;
  /** EXPOSE_OPERATIONS. */
  readonly isExposed: boolean;
}

/** Who may ask on the public port how the fleet is. */
export class OperatorAccess {
  readonly #hashes: readonly string[];
  readonly #isOpen: boolean;

  constructor({ tokens, isProduction, isExposed }: OperatorAccessOptions) {
    this.#hashes = tokens.map(secretHash);
    this.#isOpen = !isProduction || isExposed;
  }

  /**
   * Throws for paths of operators: VoxError `unauthorized` where there are tokens and the request brings none of them,
   * `not_found` in production where there are none and the endpoints are not exposed. Other paths are anybody's.
   */
  check(request: HttpRequest): void {
    const isPage = request.path === PAGE_PATH;
    if (!isPage && !OPERATOR_PATHS.has(request.path) && !request.path.startsWith(OPERATOR_PREFIX)) return;
    if (this.#hashes.length === 0) {
      if (!this.#isOpen) throw new VoxError('not_found', 'no such path');
      return;
    }
    if (isPage) return;
    const token = bearerOf(request);
    // Every hash is compared, so that the time says nothing of which one matched.
    const matches = this.#hashes.filter((hash) => token !== undefined && matchesHash(token, hash));
    if (matches.length === 0) throw new VoxError('unauthorized', 'expected an operator token as "Authorization: Bearer <token>"');
  }
}
