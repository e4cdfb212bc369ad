import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { readWav } from '../audio/wav.ts';
import { readMultipart } from './multipart.ts';
import { deliver, type VendorFault } from './vendor-fault.ts';

/** What the server heard of one request. */
export interface VendorRequestRecord {
  readonly path: string;
  readonly authorization: string;
  /** '' where there is none. */
  readonly traceparent: string;
  /** The JSON body, or the form's text fields. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The audio of a transcription. */
  readonly samples: Int16Array;
}

export interface OpenaiServerOptions {
  /** Requests with another key are refused with 401. */
  readonly apiKey: string;
  readonly transcribe: (samples: Int16Array) => string;
  /** The pieces of an answer to the conversation's last message. */
  readonly reply: (lastMessage: string) => readonly string[];
  /** 24 kHz samples of a text. */
  readonly speak: (text: string, voice: string) => Int16Array;
}

/** A server on a free port that speaks the part of OpenAI's HTTP interface that Voxfleet uses, with faults on demand. */
export interface OpenaiServer {
  readonly baseUrl: string;
  readonly requests: readonly VendorRequestRecord[];
  /** The next requests meet these faults, one each. */
  readonly faults: VendorFault[];
  /** How many sockets clients opened. */
  connections(): number;
  /** How many requests are not answered yet, nor given up by their client. */
  pending(): number;
  close(): Promise<void>;
}

/** Starts the server. */
export async function startOpenaiServer(options: OpenaiServerOptions): Promise<OpenaiServer> {
  const requests: VendorRequestRecord[] = [];
  const faults: VendorFault[] = [];
  let connections = 0;
  let pending = 0;
  const server = createServer((request, response) => {
    pending += 1;
    response.on('close', () => (pending -= 1));
    answer(options, request, response, requests, faults.shift()).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    baseUrl: `http://127.0.0.1:${address.port}/v1`,
    requests,
    faults,
    connections: () => connections,
    pending: () => pending,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** An answer before it is put on the wire. */
interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

async function answer(
  options: OpenaiServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  records: VendorRequestRecord[],
  fault: VendorFault | undefined,
): Promise<void> {
  const record = await readRequest(request);
  records.push(record);
  const { status, contentType, body } = answerTo(options, record);
  await deliver(response, status, contentType, body, fault);
}

function answerTo(options: OpenaiServerOptions, record: VendorRequestRecord): Answer {
  if (record.authorization !== `Bearer ${options.apiKey}`) return refusal(401, `Incorrect API key provided: ${record.authorization}`);
  if (typeof record.fields['model'] !== 'string') return refusal(400, 'you must provide a model parameter');
  if (record.path === '/v1/audio/transcriptions') return transcription(options, record);
  if (record.path === '/v1/chat/completions') return completion(options, record);
  if (record.path === '/v1/audio/speech') return speech(options, record);
  return refusal(404, `Unknown request URL: POST ${record.path}`);
}

function transcription(options: OpenaiServerOptions, { samples, fields }: VendorRequestRecord): Answer {
  if (samples.length < 1600) return refusal(400, 'Audio file is too short. Minimum audio length is 0.1 seconds.');
  const language = fields['language'] ?? '';
  if (typeof language !== 'string' || !/^([a-z]{2})?$/.test(language)) return refusal(400, 'language is not ISO 639-1');
  return json(200, { text: options.transcribe(samples) });
}

function completion(options: OpenaiServerOptions, { fields }: VendorRequestRecord): Answer {
  const { messages, model, stream } = fields;
  if (!Array.isArray(messages) || messages.length === 0) return refusal(400, "'messages' is too short");
  if (stream !== true) return refusal(400, 'this server streams only');
  const last: unknown = messages.at(-1);
  const content = typeof last === 'object' && last !== null && 'content' in last ? String(last.content) : '';
  const event = (delta: object, finish: string | null): string => {
    const choices = [{ index: 0, delta, logprobs: null, finish_reason: finish }];
    return `data: ${JSON.stringify({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model, choices })}\n\n`;
  };
  const pieces = options.reply(content).map((piece) => event({ content: piece }, null));
  const events = [event({ role: 'assistant', content: '' }, null), ...pieces, event({}, 'stop'), 'data: [DONE]\n\n'];
  return { status: 200, contentType: 'text/event-stream; charset=utf-8', body: Buffer.from(events.join('')) };
}

function speech(options: OpenaiServerOptions, { fields }: VendorRequestRecord): Answer {
  const { input, voice } = fields;
  if (typeof input !== 'string' || input.trim() === '') return refusal(400, 'input must have at least 1 character');
  if (typeof voice !== 'string') return refusal(400, 'you must provide a voice');
  if (fields['response_format'] !== 'pcm') return refusal(400, 'this server makes pcm only');
  const samples = options.speak(input, voice);
  const body = Buffer.alloc(samples.length * 2);
  samples.forEach((sample, place) => body.writeInt16LE(sample, place * 2));
  return { status: 200, contentType: 'audio/pcm', body };
}

function refusal(status: number, message: string): Answer {
  return json(status, { error: { message, type: 'invalid_request_error', param: null, code: null } });
}

function json(status: number, value: unknown): Answer {
  return { status, contentType: 'application/json', body: Buffer.from(JSON.stringify(value)) };
}

async function readRequest(request: IncomingMessage): Promise<VendorRequestRecord> {
  const pieces: Buffer[] = [];
  for await (const piece of request) if (Buffer.isBuffer(piece)) pieces.push(piece);
  const body = Buffer.concat(pieces);
  const contentType = request.headers['content-type'] ?? '';
  const common = { path: request.url ?? '', authorization: request.headers.authorization ?? '', traceparent: String(request.headers['traceparent'] ?? '') };
  if (!contentType.startsWith('multipart/form-data')) return { ...common, fields: readFields(body), samples: new Int16Array(0) };
  const parts = readMultipart(body, contentType);
  const file = parts.get('file');
  parts.delete('file');
  const fields = Object.fromEntries([...parts].map(([name, value]) => [name, value.toString('utf8')]));
  return { ...common, fields, samples: file === undefined ? new Int16Array(0) : readWav(file).samples };
}

function readFields(body: Buffer): Record<string, unknown> {
  const parsed: unknown = JSON.parse(body.toString('utf8'));
  return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
}
