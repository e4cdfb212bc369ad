import { WebSocket } from 'ws';
import { createSession, endSession, SessionRequestError } from '../../shared/client/session-request.ts';
import { VoiceClient, type AgentNotice, type VoiceClientState } from '../../shared/client/voice-client.ts';
import type { Meter } from './meter.ts';

const AGENT = { instructions: 'repeat', engines: { responder: 'scripted' } };
const WAIT_MS = 20_000;

interface Asked {
  readonly content: string;
  readonly dueMs: number;
}

/** A caller whose connection can be cut, and whose client sees to it that the call goes on; asks by text. */
export class ResumableCaller {
  readonly #url: string;
  readonly #urls: readonly string[];
  readonly #apiKey: string | undefined;
  readonly #meter: Meter;
  readonly #sockets = new Set<WebSocket>();
  readonly #asked: Asked[] = [];
  readonly #watchers = new Set<() => void>();
  #client: VoiceClient | undefined;
  #sessionId = '';
  #cutAtMs: number | undefined;
  #asks = 0;

  /** The gateway at `url` is called first; `urls` are all of them. */
  constructor(url: string, urls: readonly string[], apiKey: string | undefined, meter: Meter) {
    this.#url = url;
    this.#urls = urls;
    this.#apiKey = apiKey;
    this.#meter = meter;
  }

  get isAway(): boolean {
    return this.#cutAtMs !== undefined;
  }

  /** Resolves once the call stands, and records how long that took since `dueMs`. Throws where it does not come to that. */
  async call(dueMs: number): Promise<void> {
    const { session_id: sessionId, token, ws_url: url } = await createSession(this.#url, { agent: AGENT }, this.#apiKey);
    this.#sessionId = sessionId;
    const urls = this.#urls.map((base) => {
      const address = new URL(`/ws/${encodeURIComponent(sessionId)}`, base);
      address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
      return address.href;
    });
    const sockets = this.#sockets;
    class CuttableSocket extends WebSocket {
      constructor(address: string, protocols: string[]) {
        super(address, protocols, { perMessageDeflate: false });
        sockets.add(this);
        this.once('close', () => sockets.delete(this));
      }
    }
    this.#client = new VoiceClient({
      url, urls, token, socket: CuttableSocket,
      listener: { onState: (state) => this.#entered(state), onNotice: (notice) => this.#noticed(notice) },
    });
    if (!(await this.#until(() => this.#client?.state.name === 'ready'))) throw new Error(`a call was not ready within ${WAIT_MS / 1000} s`);
    this.#meter.series('connect').record(performance.now() - dueMs);
    this.#meter.count('calls connected');
  }

  /** Asks something, which was to be asked at `dueMs`. */
  ask(dueMs: number): void {
    this.#asks += 1;
    const content = `${this.#sessionId} asks ${this.#asks}`;
    this.#asked.push({ content, dueMs });
    this.#meter.count('messages asked');
    this.#client?.sendText(content);
  }

  /** Resolves once everything is answered; what is not answered in time is counted as missing. */
  async answered(): Promise<void> {
    if (await this.#until(() => this.#asked.length === 0)) return;
    this.#meter.fault('answers missing', `${this.#asked.length} texts were not answered within ${WAIT_MS / 1000} s`);
    this.#asked.length = 0;
  }

  /** Cuts the connection as a broken network does: neither side is told. */
  cut(): void {
    this.#cutAtMs = performance.now();
    this.#meter.count('resumes');
    for (const socket of this.#sockets) socket.terminate();
  }

  /** Resolves once the call goes on; counted as failed where it does not. */
  async resumed(): Promise<void> {
    if (await this.#until(() => !this.isAway)) return;
    this.#meter.fault('resumes failed', `a call was not resumed within ${WAIT_MS / 1000} s`);
    this.#cutAtMs = undefined;
  }

  /** Hangs up and ends the session. */
  async hangUp(): Promise<void> {
    this.#client?.close();
    if (this.#sessionId === '') return;
    try {
      await endSession(this.#url, this.#sessionId, this.#apiKey);
    } catch (error) {
      // The session expires by itself.
      if (!(error instanceof SessionRequestError)) throw error;
    }
  }

  #entered(state: VoiceClientState): void {
    if (state.name === 'ready' && state.resumed !== undefined && this.#cutAtMs !== undefined) {
      this.#meter.series('resume').record(performance.now() - this.#cutAtMs);
      this.#meter.count('resumed');
      this.#cutAtMs = undefined;
    }
    if (state.name === 'lost' || (state.name === 'closed' && state.code !== 1000)) this.#meter.fault(`calls ${state.name}`, `a call was ${state.name} (${state.code}): ${state.reason}`);
    this.#changed();
  }

  #noticed(notice: AgentNotice): void {
    if (notice.type === 'error') this.#meter.fault(`error ${notice.code}`, `${notice.code}: ${notice.message}`);
    if (notice.type === 'text' || notice.type === 'error') this.#answer(notice.type === 'text' ? notice.content : '');
  }

  #answer(content: string): void {
    const asked = this.#asked.shift();
    if (asked === undefined) return this.#meter.fault('answers too many', `one answer more than questions: ${content}`);
    this.#meter.series('answer').record(performance.now() - asked.dueMs);
    if (content.includes(asked.content)) this.#meter.count('answers right');
    else this.#meter.fault('answers wrong', `"${asked.content}" was answered by "${content}"`);
    this.#changed();
  }

  async #until(isSo: () => boolean): Promise<boolean> {
    const untilMs = performance.now() + WAIT_MS;
    while (!isSo()) {
      const leftMs = untilMs - performance.now();
      if (leftMs <= 0) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#watchers.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return true;
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}
