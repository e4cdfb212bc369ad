import { once } from 'node:events';
import { WebSocket } from 'ws';
import { createSession, endSession, SessionRequestError } from '../shared/client/session-request.ts';
import { summarize, type DurationSummary } from './durations.ts';
import { TextConversation, type ConversationOutcome } from './text-conversation.ts';
import { questionnaireOf } from './text-questions.ts';

export interface TextCheckOptions {
  /** Base URLs of gateways (`http://host:port`); connections take them in turn. */
  readonly urls: readonly string[];
  readonly connections: number;
  /** Text messages a connection. */
  readonly messages: number;
  /** Messages of one connection that wait for their answers at once; default 10. */
  readonly inFlight?: number;
  /** After this long without an answer a connection's remaining answers are missing; default 30 s. */
  readonly silenceMs?: number;
  readonly apiKey?: string | undefined;
  /** Called once, when every connection is open and nothing was asked yet. */
  readonly onConnected?: (sessionIds: readonly string[]) => Promise<void>;
  /** Called once, when every connection has all answers it will get and is still open. */
  readonly onAnswered?: () => Promise<void>;
}

/** Right + wrong + missing = asked. */
export interface TextCheckResult {
  readonly connections: number;
  readonly asked: number;
  readonly right: number;
  readonly wrong: number;
  readonly missing: number;
  /** From the first question to the last answer. */
  readonly tookMs: number;
  readonly durations: DurationSummary;
  /** The first things that went wrong, in words. */
  readonly faults: readonly string[];
}

const DEFAULT_IN_FLIGHT = 10;
const DEFAULT_SILENCE_MS = 30_000;
const MOST_FAULTS = 20;

/** One session and its socket. */
interface Line {
  readonly url: string;
  readonly sessionId: string;
  readonly socket: WebSocket;
}

/**
 * The classic check of this service: every connection sends text messages with known answers and expects one answer each,
 * in order. Wrong and missing answers are counted, not thrown; throws SessionRequestError or the socket's error where a
 * session or connection cannot be had at all. Ends its sessions.
 */
export async function runTextCheck(options: TextCheckOptions): Promise<TextCheckResult> {
  const lines: Line[] = [];
  let asked: { outcomes: readonly ConversationOutcome[]; tookMs: number };
  try {
    for (let i = 0; i < options.connections; i += 1) lines.push(await openLine(options, i));
    await options.onConnected?.(lines.map(({ sessionId }) => sessionId));
    asked = await askAll(lines, options);
    await options.onAnswered?.();
  } finally {
    await Promise.all(lines.map((line) => closeLine(line, options.apiKey)));
  }
  // Only now: what came until the sockets were closed is one answer too many, and stands in the faults.
  return sumUp(asked.outcomes, asked.tookMs);
}

/** One sentence with all that matters. */
export function summarySentence(result: TextCheckResult): string {
  const { asked, right, connections, tookMs, durations, wrong, missing } = result;
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const errorRate = asked === 0 ? 0 : ((wrong + missing) / asked) * 100;
  return (
    `${right} of ${asked} answers right and in order over ${connections} connections in ${(tookMs / 1000).toFixed(2)} s ` +
    `(${Math.round((durations.count / Math.max(tookMs, 1)) * 1000)} a second): average ${ms(durations.averageMs)}, ` +
    `min ${ms(durations.minMs)}, max ${ms(durations.maxMs)}, p50 ${ms(durations.p50Ms)}, p95 ${ms(durations.p95Ms)}, ` +
    `p99 ${ms(durations.p99Ms)}; ${wrong} wrong, ${missing} missing, error rate ${Number(errorRate.toFixed(3))} %.`
  );
}

async function openLine(options: TextCheckOptions, i: number): Promise<Line> {
  const url = options.urls[i % options.urls.length] ?? '';
  const { instructions } = questionnaireOf(i, 0);
  const { session_id: sessionId, token } = await createSession(url, { agent: { instructions } }, options.apiKey);
  const address = new URL(`/ws/${encodeURIComponent(sessionId)}`, url);
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
  if (options.apiKey !== undefined) address.searchParams.set('token', token);
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await once(socket, 'open');
  // What breaks a connection later is told by its close.
  socket.on('error', () => undefined);
  return { url, sessionId, socket };
}

async function askAll(lines: readonly Line[], options: TextCheckOptions): Promise<{ outcomes: readonly ConversationOutcome[]; tookMs: number }> {
  const { inFlight = DEFAULT_IN_FLIGHT, silenceMs = DEFAULT_SILENCE_MS } = options;
  const startedMs = performance.now();
  const outcomes = await Promise.all(
    lines.map(({ socket }, i) => new TextConversation(socket, questionnaireOf(i, options.messages).questions).run(inFlight, silenceMs)),
  );
  return { outcomes, tookMs: performance.now() - startedMs };
}

async function closeLine({ url, sessionId, socket }: Line, apiKey: string | undefined): Promise<void> {
  if (socket.readyState !== WebSocket.CLOSED) {
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.close(1000);
    });
  }
  try {
    await endSession(url, sessionId, apiKey);
  } catch (error) {
    // The answers are what is checked; a session that cannot be ended now expires by itself.
    if (!(error instanceof SessionRequestError)) throw error;
  }
}

function sumUp(outcomes: readonly ConversationOutcome[], tookMs: number): TextCheckResult {
  const total = (count: (outcome: ConversationOutcome) => number): number => outcomes.reduce((sum, outcome) => sum + count(outcome), 0);
  return {
    connections: outcomes.length,
    asked: total(({ right, wrong, missing }) => right + wrong + missing),
    right: total(({ right }) => right),
    wrong: total(({ wrong }) => wrong),
    missing: total(({ missing }) => missing),
    tookMs,
    durations: summarize(outcomes.flatMap(({ durationsMs }) => durationsMs)),
    faults: outcomes.flatMap(({ faults }, i) => faults.map((fault) => `connection ${i}: ${fault}`)).slice(0, MOST_FAULTS),
  };
}
