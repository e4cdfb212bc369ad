import { parseArgs } from 'node:util';
import { runTextCheck, summarySentence, type TextCheckOptions } from './text-check.ts';

const USAGE = `Usage: node dist/loadtest/text.js [--url http://host:port]... [--connections 50] [--messages 100] [--in-flight 10] [--api-key key]
Sends text messages with known answers over many connections and checks that each is answered once, rightly and in order.`;

/** The classic check from the command line: one summary sentence; exit code 1 when an answer is wrong, missing or out of order. */
async function main(): Promise<number> {
  const result = await runTextCheck(optionsOf(process.argv.slice(2)));
  console.log(summarySentence(result));
  for (const fault of result.faults) console.error(fault);
  return result.right === result.asked && result.faults.length === 0 ? 0 : 1;
}

/** Throws TypeError where an option is unknown or no number. */
function optionsOf(args: string[]): TextCheckOptions {
  const { values } = parseArgs({
    args,
    options: {
      url: { type: 'string', multiple: true, default: ['http://127.0.0.1:8080'] },
      connections: { type: 'string', default: '50' },
      messages: { type: 'string', default: '100' },
      'in-flight': { type: 'string', default: '10' },
      'api-key': { type: 'string' },
    },
  });
  return {
    urls: values.url.flatMap((urls) => urls.split(',')),
    connections: wholeNumber('connections', values.connections),
    messages: wholeNumber('messages', values.messages),
    inFlight: wholeNumber('in-flight', values['in-flight']),
    apiKey: values['api-key'],
  };
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`--${option} expects a whole number from 1 on, got "${text}"`);
  return value;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  if (error instanceof TypeError) console.error(USAGE);
  process.exitCode = 1;
}
