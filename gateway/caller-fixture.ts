import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { AFTER_PARAMETER, NATIVE_SUBPROTOCOL, RESUME_SUBPROTOCOL_PREFIX } from '../shared/protocol/native-message.ts';
import { Arrivals, type Rig } from './gateway-fixture.ts';

export type Heard = Record<string, unknown>;

/** How a socket ended. */
export interface Ending {
  readonly code: number;
  readonly reason: string;
}

export interface CallOptions {
  /** Offers `voxfleet.v1`. */
  readonly isNative?: boolean;
  readonly query?: string;
  readonly headers?: Record<string, string>;
  readonly protocols?: readonly string[];
}

/** How a caller who can resume comes. */
export interface ResumingOptions {
  /** The egress seq of the last message it got. */
  readonly after: number;
  readonly resumeToken?: string;
  readonly sessionToken?: string;
}

/** A caller with the plainest of clients. Hangs up with the test. */
export class Caller {
  readonly socket: WebSocket;
  readonly heard = new Arrivals<Heard>();
  readonly frames = new Arrivals<Buffer>();
  readonly ending: Promise<Ending>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.frames.push(data);
      else this.heard.push(JSON.parse(data.toString()) as Heard);
    });
    this.ending = new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })));
  }

  /** Connects to a session; resolves when the socket is open. */
  static async call(context: TestContext, rig: Rig, sessionId: string, options: CallOptions = {}): Promise<Caller> {
    const caller = Caller.#dial(rig, sessionId, options);
    context.after(() => caller.socket.terminate());
    await once(caller.socket, 'open');
    return caller;
  }

  /** Connects as a client that can resume, as often as it likes. */
  static resume(context: TestContext, rig: Rig, sessionId: string, { after, resumeToken, sessionToken }: ResumingOptions): Promise<Caller> {
    const token = sessionToken === undefined ? '' : `&token=${sessionToken}`;
    const protocols = resumeToken === undefined ? [] : [RESUME_SUBPROTOCOL_PREFIX + resumeToken];
    return Caller.call(context, rig, sessionId, { isNative: true, protocols, query: `?${AFTER_PARAMETER}=${after}${token}` });
  }

  /** Connects and expects to be refused; resolves with the HTTP status and headers. */
  static async refused(rig: Rig, sessionId: string, options: CallOptions = {}): Promise<{ status: number; retryAfter: string | undefined }> {
    const { socket } = Caller.#dial(rig, sessionId, options);
    const status = await new Promise<{ status: number; retryAfter: string | undefined }>((resolve, reject) => {
      socket.once('unexpected-response', (_request, response) => {
        resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
        response.destroy();
      });
      socket.once('open', () => reject(new Error('the upgrade was accepted')));
      socket.once('error', reject);
    });
    return status;
  }

  static #dial(rig: Rig, sessionId: string, { isNative = false, query = '', headers = {}, protocols = [] }: CallOptions): Caller {
    return new Caller(new WebSocket(`${rig.wsUrl}/ws/${sessionId}${query}`, [...(isNative ? [NATIVE_SUBPROTOCOL] : []), ...protocols], { headers }));
  }

  /** Sends JSON, or text as it is, or bytes. */
  send(message: object | string | Uint8Array): void {
    this.socket.send(typeof message === 'string' || message instanceof Uint8Array ? message : JSON.stringify(message));
  }

  /** The resume token of the `ready` it got. */
  async ticket(): Promise<string> {
    const { resume } = await this.hears('ready');
    if (typeof resume !== 'object' || resume === null || !('token' in resume)) throw new Error('no resume token came');
    return String(resume.token);
  }

  /** What the agent said so far, as numbers and words. */
  get said(): readonly (readonly [unknown, unknown])[] {
    return this.heard.all.filter(({ type }) => type === 'text').map(({ seq, content }) => [seq, content]);
  }

  /** The next or an earlier message of this type. */
  hears(type: string): Promise<Heard> {
    return this.heard.find((message) => message['type'] === type);
  }

  /** The next or an earlier error of this code. */
  isTold(code: string): Promise<Heard> {
    return this.heard.find((message) => message['type'] === 'error' && message['code'] === code);
  }

  /** Whether a message goes there and back now: the connection stands. */
  async answers(): Promise<boolean> {
    const before = this.heard.all.filter(({ type }) => type === 'pong').length;
    this.send({ type: 'ping' });
    await this.heard.find(() => this.heard.all.filter(({ type }) => type === 'pong').length > before);
    return true;
  }
}

/** Fails unless a connection was closed with this code, for this reason, and an id to quote. */
export function assertEnding({ code, reason }: Ending, expectedCode: number, expectedReason: string): void {
  assert.deepEqual([code, reason.replace(/ \(error [0-9a-z]{10}\)$/, ' (error …)')], [expectedCode, `${expectedReason} (error …)`]);
}
