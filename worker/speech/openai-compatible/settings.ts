import { EngineSettings } from '../engine-settings.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Where one need is served and how long it is waited for. */
export interface Endpoint {
  /** Without a closing slash; paths such as `/chat/completions` follow. */
  readonly baseUrl: string;
  /** Empty for servers that want none. */
  readonly apiKey: string;
  readonly model: string;
  /** From the request to the first byte of the answer. */
  readonly timeoutMs: number;
  /** From one piece of the answer to the next. */
  readonly stallMs: number;
}

export interface SpeechEndpoint extends Endpoint {
  readonly voice: string;
}

const OPENAI_URL = 'https://api.openai.com/v1';
const WAIT = { min: 1, max: 300_000, whole: true };

/** Reads TRANSCRIPTION_* over OPENAI_*; throws one Error that lists every mistake. */
export function readTranscriptionEndpoint(env: Env): Endpoint {
  return read(env, (settings) => endpoint(settings, 'TRANSCRIPTION', 'gpt-4o-mini-transcribe'));
}

/** Reads CHAT_* over OPENAI_*; throws one Error that lists every mistake. */
export function readChatEndpoint(env: Env): Endpoint {
  return read(env, (settings) => endpoint(settings, 'CHAT', 'gpt-4o-mini'));
}

/** Reads SPEECH_* over OPENAI_*; throws one Error that lists every mistake. */
export function readSpeechEndpoint(env: Env): SpeechEndpoint {
  return read(env, (settings) => ({
    ...endpoint(settings, 'SPEECH', 'gpt-4o-mini-tts'),
    voice: settings.text('SPEECH_VOICE', 'alloy'),
  }));
}

function read<T>(env: Env, take: (settings: EngineSettings) => T): T {
  const settings = new EngineSettings(env);
  const taken = take(settings);
  settings.check('openai');
  return taken;
}

function endpoint(settings: EngineSettings, prefix: string, model: string): Endpoint {
  const sharedUrl = settings.url('OPENAI_BASE_URL', OPENAI_URL);
  const baseUrl = settings.url(`${prefix}_BASE_URL`, sharedUrl);
  return {
    baseUrl,
    apiKey: apiKey(settings, prefix, baseUrl),
    model: settings.text(`${prefix}_MODEL`, model),
    timeoutMs: settings.number('OPENAI_TIMEOUT_MS', 10_000, WAIT),
    stallMs: settings.number('OPENAI_STALL_MS', 10_000, WAIT),
  };
}

function apiKey(settings: EngineSettings, prefix: string, baseUrl: string): string {
  const name = `${prefix}_API_KEY`;
  const key = settings.text(name, settings.text('OPENAI_API_KEY', ''));
  if (key === '' && baseUrl === OPENAI_URL) settings.mistake(name, `this or OPENAI_API_KEY is needed for ${OPENAI_URL}`);
  if (!/^[\x21-\x7e]*$/.test(key)) settings.mistake(name, 'expected a key of printable ASCII without spaces');
  return key;
}
