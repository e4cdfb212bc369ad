import { adminAnswer, type AdminSources } from '../../shared/runtime/admin-server.ts';
import { VoxError } from '../../shared/runtime/errors.ts';
import type { Lifecycle } from '../../shared/runtime/lifecycle.ts';
import type { Logger } from '../../shared/runtime/log.ts';
import type { SessionStore } from '../../shared/session/store.ts';
import { CALLS_PATH, readCall } from '../operations/call-timeline.ts';
import type { FleetFeed } from '../operations/fleet-feed.ts';
import type { OperatorAccess } from '../operations/operator-access.ts';
import type { ToldErrors } from '../told-errors.ts';
import type { ApiKeys } from './authorization.ts';
import { decodeSegment, errorAnswer, jsonAnswer, type HttpAnswer, type HttpRequest } from './exchange.ts';
import type { SessionsApi } from './sessions.ts';
import type { StaticFiles } from './static-files.ts';

export interface RoutesOptions {
  readonly sessions: SessionsApi;
  readonly files: StaticFiles;
  readonly health: AdminSources;
  readonly keys: ApiKeys;
  readonly operators: OperatorAccess;
  readonly feed: FleetFeed;
  readonly store: SessionStore;
  readonly lifecycle: Lifecycle;
  readonly told: ToldErrors;
  readonly log: Logger;
}

/** Answers an HTTP request: the one place where paths, methods and errors meet. Never rejects. */
export class Routes {
  readonly #options: RoutesOptions;

  constructor(options: RoutesOptions) {
    this.#options = options;
  }

  async answer(request: HttpRequest): Promise<HttpAnswer> {
    try {
      return await this.#route(request);
    } catch (error) {
      if (error instanceof VoxError) return this.#tell(error, error.code === 'unauthorized' ? { 'www-authenticate': 'Bearer' } : {});
      const told = new VoxError('internal', 'an unexpected fault; it was logged');
      this.#options.log.error({ err: error, method: request.method, errorId: told.errorId }, 'an HTTP request could not be answered');
      return this.#tell(told);
    }
  }

  #route(request: HttpRequest): Promise<HttpAnswer> | HttpAnswer {
    const [, root, ...rest] = request.path.split('/');
    if (root === 'sessions' && rest.length <= 1) return this.#sessions(request, rest[0]);
    if (root === 'ws' && rest.length === 1) {
      return this.#allow(request, ['GET'], () => {
        throw new VoxError('bad_request', 'Upgrade: expected a WebSocket upgrade on this path');
      });
    }
    return this.#readOnly(request);
  }

  #sessions(request: HttpRequest, segment: string | undefined): Promise<HttpAnswer> | HttpAnswer {
    const { sessions, keys, lifecycle } = this.#options;
    const work = (answer: () => Promise<HttpAnswer>) => (): Promise<HttpAnswer> => {
      keys.check(request);
      if (lifecycle.state === 'draining') throw new VoxError('draining', 'this gateway is shutting down; another one takes requests', 1000);
      return answer();
    };
    if (segment === undefined) return this.#allow(request, ['POST'], work(() => sessions.create(request)));
    const sessionId = decodeSegment(segment) ?? '';
    const answer = request.method === 'DELETE' ? () => sessions.end(sessionId) : () => sessions.read(sessionId);
    return this.#allow(request, ['GET', 'DELETE'], work(answer));
  }

  async #readOnly(request: HttpRequest): Promise<HttpAnswer> {
    const { files, health, operators, feed, store } = this.#options;
    operators.check(request);
    if (request.path === '/fleet/stream') return this.#allow(request, ['GET'], () => feed.answer());
    if (request.path.startsWith(CALLS_PATH)) return this.#allow(request, ['GET'], async () => jsonAnswer(200, await readCall(store, request.path), { 'cache-control': 'no-store' }));
    const admin = await adminAnswer(request.path, health);
    const found = admin === undefined
      ? await files.answer(request)
      : { status: admin.status, headers: { 'content-type': admin.contentType, 'cache-control': 'no-store' }, body: admin.body };
    if (found === undefined) throw new VoxError('not_found', 'no such path');
    return this.#allow(request, ['GET'], () => found);
  }

  /** HEAD goes wherever GET does. */
  #allow(request: HttpRequest, methods: readonly string[], answer: () => Promise<HttpAnswer> | HttpAnswer): Promise<HttpAnswer> | HttpAnswer {
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if (methods.includes(method)) return answer();
    const allow = methods.flatMap((allowed) => (allowed === 'GET' ? ['GET', 'HEAD'] : [allowed])).join(', ');
    return this.#tell(new VoxError('method_not_allowed', `expected one of ${allow}`), { allow });
  }

  #tell(error: VoxError, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
    this.#options.told.overHttp(error);
    return errorAnswer(error, headers);
  }
}
