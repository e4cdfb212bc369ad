import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf } from '../shared/runtime/errors.ts';
import { resample } from '../shared/audio/resampler.ts';
import { readWav, WavError, writeWav } from '../shared/audio/wav.ts';
import { SessionRequestError } from '../shared/client/session-request.ts';
import { CALL_RATE_HZ, SpokenCall } from './spoken-call.ts';
import { connectionLines, timelineLines } from './timeline.ts';

const USAGE = `Places a call: plays a WAV file to the agent in real time and prints what happens.

  npm run call -- file.wav [--save reply.wav] [--url http://127.0.0.1:8080]... [--api-key KEY]
                  [--instructions TEXT] [--greeting TEXT] [--hint PHRASE]...

  --url           a gateway; several, or several with commas between, are where the call may go on
  --save          writes what the agent said as WAV, 16 kHz
  --hint          a phrase the recording holds; may be given several times
  --instructions  what the agent is told; "repeat" makes the built-in one repeat what it heard`;

/** No answer for so long after the recording: something is wrong. */
const PATIENCE_MS = 15_000;

/** What cannot be done for a reason the user can mend; its message is all they need. */
class CallError extends Error {}

interface CallOptions {
  readonly file: string;
  readonly save: string | undefined;
  readonly gatewayUrl: string;
  readonly otherGatewayUrls: readonly string[];
  readonly apiKey: string | undefined;
  readonly agent: { readonly instructions: string; readonly hints: readonly string[]; readonly greeting?: string };
}

function readOptions(args: readonly string[]): CallOptions | undefined {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args: [...args], allowPositionals: true,
    options: {
      save: text, url: { ...text, multiple: true, default: ['http://127.0.0.1:8080'] }, 'api-key': text, greeting: text,
      instructions: { ...text, default: 'Help the caller, briefly.' }, hint: { ...text, multiple: true, default: [] }, help: { type: 'boolean' },
    },
  });
  if (values.help === true) return undefined;
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new CallError(`expected one WAV file\n\n${USAGE}`);
  const { instructions, greeting, hint } = values;
  const agent = { instructions, hints: hint, ...(greeting === undefined ? {} : { greeting }) };
  const [gatewayUrl = '', ...otherGatewayUrls] = values.url.flatMap((urls) => urls.split(','));
  return { file, save: values.save, gatewayUrl, otherGatewayUrls, apiKey: values['api-key'], agent };
}

async function readSpeech(file: string): Promise<Int16Array> {
  try {
    const { samples, sampleRateHz } = readWav(readFileSync(file));
    return await resample(samples, sampleRateHz, CALL_RATE_HZ);
  } catch (error) {
    if (error instanceof WavError) throw new CallError(`${file} cannot be played: ${error.message}`);
    if (error instanceof Error && 'code' in error) throw new CallError(`${file} cannot be read: ${error.message}`);
    throw error;
  }
}

async function call({ file, save, gatewayUrl, otherGatewayUrls, apiKey, agent }: CallOptions): Promise<void> {
  const speech = await readSpeech(file);
  console.log(`Calling ${gatewayUrl} with ${file} (${(speech.length / CALL_RATE_HZ).toFixed(1)} s)`);
  const placed = await SpokenCall.place({
    gatewayUrl, otherGatewayUrls, agent, speech, ...(apiKey === undefined ? {} : { apiKey }),
    onNotice: (notice, atMs) => {
      for (const line of timelineLines(notice, atMs)) console.log(line);
    },
    onState: (state, atMs) => {
      for (const line of connectionLines(state, atMs)) console.log(line);
    },
  });
  process.once('SIGINT', () => void hangUp(placed).finally(() => process.exit(130)));
  const ending = await placed.finished(PATIENCE_MS);
  await hangUp(placed);
  if (ending.kind === 'closed') throw new CallError(`the call was closed before the agent answered (${ending.code}): ${ending.reason}`);
  if (ending.kind === 'silence') throw new CallError(`the agent did not answer within ${PATIENCE_MS / 1000} s`);
  if (save !== undefined) saveAnswer(save, placed.heard);
}

async function hangUp(placed: SpokenCall): Promise<void> {
  try {
    await placed.hangUp();
  } catch (error) {
    // The agent may have hung up first, or the fleet is gone: either way the call is over.
    if (!(error instanceof SessionRequestError)) throw error;
  }
}

function saveAnswer(file: string, answer: Int16Array): void {
  try {
    writeFileSync(file, writeWav(answer, CALL_RATE_HZ));
  } catch (error) {
    throw new CallError(`${file} cannot be written: ${messageOf(error)}`);
  }
  console.log(`Wrote what the agent said (${(answer.length / CALL_RATE_HZ).toFixed(1)} s) to ${file}`);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options === undefined) console.log(USAGE);
  else await call(options);
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof CallError || error instanceof SessionRequestError || isUsage)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
