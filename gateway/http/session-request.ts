import { z } from 'zod';
import type { AgentConfig } from '../../shared/protocol/agent-config.ts';
import { DEFAULT_AUDIO_FORMAT, ENCODINGS, SAMPLE_RATES_HZ, type AudioFormat } from '../../shared/protocol/audio-format.ts';
import { laneOfPriority, type GrantedLane } from '../../shared/protocol/lane.ts';
import type { WireFormat } from '../../shared/protocol/native-message.ts';
import { VoxError } from '../../shared/runtime/errors.ts';
import { SESSION_ID_PATTERN } from '../../shared/session/record.ts';

/** Mistakes that one answer names; a body with more gets the first ones. */
const MOST_MISTAKES = 5;

const text = (most: number): z.ZodString => {
  const error = `expected a string of at most ${most} characters`;
  return z.string({ error }).max(most, { error });
};

const name = (most: number): z.ZodString => {
  const error = `expected a string of 1 to ${most} characters`;
  return z.string({ error }).min(1, { error }).max(most, { error });
};

const listOf = (item: z.ZodString, most: number): z.ZodArray<z.ZodString> => {
  const error = `expected a list of at most ${most} strings`;
  return z.array(item, { error }).max(most, { error });
};

const object = <T extends z.ZodRawShape>(shape: T): z.ZodObject<T, z.core.$strict> => z.strictObject(shape, { error: 'expected an object' });

const oneOf = (values: readonly (string | number)[]): string => `expected one of ${values.join(', ')}`;

const audioFormat = object({
  encoding: z.enum(ENCODINGS, { error: oneOf(ENCODINGS) }).optional(),
  sample_rate: z.literal(SAMPLE_RATES_HZ, { error: oneOf(SAMPLE_RATES_HZ) }).optional(),
}).transform(
  ({ encoding, sample_rate }): AudioFormat => ({
    encoding: encoding ?? DEFAULT_AUDIO_FORMAT.encoding,
    sampleRateHz: sample_rate ?? DEFAULT_AUDIO_FORMAT.sampleRateHz,
  }),
);

const engine = name(64).optional();
const sessionId = 'expected 1 to 128 letters, digits, dots, _, ~ and -';
const languageTag = 'expected a BCP 47 language tag such as en or en-US';
const speakText = 'expected true or false';
const wholeNumber = 'expected a whole number from 0 on';

const sessionBody = object({
  session_id: z.string({ error: sessionId }).regex(SESSION_ID_PATTERN, { error: sessionId }).optional(),
  user_id: name(128).optional(),
  tags: listOf(name(64), 20).optional(),
  priority: z.int({ error: wholeNumber }).min(0, { error: wholeNumber }).optional(),
  agent: object({
    instructions: text(8000).optional(),
    greeting: text(1000).optional(),
    voice: name(64).optional(),
    language: z.string({ error: languageTag }).regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$/, { error: languageTag }).optional(),
    hints: listOf(name(200), 200).optional(),
    engines: object({ voice_activity: engine, recognizer: engine, responder: engine, synthesizer: engine }).optional(),
    speak_text: z.boolean({ error: speakText }).optional(),
  }).optional(),
  audio: object({ input: audioFormat.optional(), output: audioFormat.optional() }).optional(),
});

/** A session as asked for, with everything left out filled in. */
export interface SessionRequest {
  /** Absent where the gateway is to choose. */
  readonly sessionId: string | undefined;
  readonly userId: string | undefined;
  readonly tags: readonly string[];
  readonly lane: GrantedLane;
  readonly agent: AgentConfig;
  readonly input: AudioFormat;
  readonly output: AudioFormat;
}

/** Reads the body of `POST /sessions`. Throws VoxError `bad_json`, or `bad_request` with each field's path and what is expected. */
export function readSessionRequest(body: Uint8Array): SessionRequest {
  const parsed = sessionBody.safeParse(readJsonObject(body));
  if (!parsed.success) throw new VoxError('bad_request', mistakesOf(parsed.error));
  const { agent, audio } = parsed.data;
  return {
    sessionId: parsed.data.session_id,
    userId: parsed.data.user_id,
    tags: parsed.data.tags ?? [],
    lane: laneOfPriority(parsed.data.priority),
    agent: agentOf(agent ?? {}),
    input: audio?.input ?? DEFAULT_AUDIO_FORMAT,
    output: audio?.output ?? DEFAULT_AUDIO_FORMAT,
  };
}

/** An audio format as the interfaces write it. */
export function wireFormat(format: AudioFormat): WireFormat {
  return { encoding: format.encoding, sample_rate: format.sampleRateHz };
}

function agentOf(agent: NonNullable<z.output<typeof sessionBody>['agent']>): AgentConfig {
  const { greeting, voice, engines } = agent;
  return {
    instructions: agent.instructions ?? '',
    ...(greeting === undefined ? {} : { greeting }),
    ...(voice === undefined ? {} : { voice }),
    language: agent.language ?? 'en-US',
    hints: agent.hints ?? [],
    engines: Object.fromEntries(Object.entries(engines ?? {}).filter(([, chosen]) => chosen !== undefined)),
    speak_text: agent.speak_text ?? false,
  };
}

function readJsonObject(body: Uint8Array): object {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new VoxError('bad_json', 'the body is not JSON; expected a JSON object');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new VoxError('bad_json', 'the body is JSON but no object; expected a JSON object');
}

function mistakesOf(error: z.ZodError): string {
  const mistakes = error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') return [`${path.join('.')}: ${issue.message}`];
    return issue.keys.map((key) => `${[...path, key].join('.').slice(0, 200)}: unknown field`);
  });
  return mistakes.slice(0, MOST_MISTAKES).join('; ');
}
