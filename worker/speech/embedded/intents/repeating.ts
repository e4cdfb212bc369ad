import type { ResponderRequest } from '../../ports.ts';
import { say, type Intent } from './intent.ts';

const REPEATABLE = ['hello', 'the fleet is ready', 'one two three', 'good morning'];
const LAST_ANSWER = new Set([
  'repeat that', 'say that again', 'say it again', 'repeat that again', 'what did you say', 'come again', 'repeat', 'again', 'pardon', 'pardon me', 'sorry',
  'i did not hear you', 'once more', 'one more time',
]);
const OWN_WORDS = new Set(['what did i say', 'what did i just say', 'what have i said', 'did you hear what i said']);
const AFTER_ME = /^\s*(?:(?:please|can you|could you|would you|ok|okay|now|hello|hi)[\s,]+)*(?:repeat after me|repeat|say)\b(?!\s*$)[\s,:;]*(.+)$/isu;
const QUOTED = /^["“'‘](.*)["”'’]$/su;

/** Says again what the agent said last. */
export const lastAnswer: Intent = {
  name: 'last_answer',
  phrases: ['repeat that', 'please repeat that', 'say that again', 'what did you say', 'pardon'],
  answer: ({ plain }, request) => {
    if (!LAST_ANSWER.has(plain)) return undefined;
    const last = request.history.findLast((item) => item.role === 'agent' && item.text.trim() !== '');
    return last === undefined ? say('I have not said anything yet.') : say(last.text);
  },
};

/** Says what the caller said the time before. */
export const ownWords: Intent = {
  name: 'own_words',
  phrases: ['what did i say', 'what did i just say'],
  answer: ({ plain }, request) => {
    if (!OWN_WORDS.has(plain)) return undefined;
    const before = callerBefore(request);
    return before === undefined ? say('You have not said anything before that.') : say(`You said: ${before}`);
  },
};

/** Repeats words after the caller, as they were said or written. */
export const repeating: Intent = {
  name: 'repeating',
  offer: 'repeat after you, when you say repeat and then some words',
  phrases: ['repeat after me', ...REPEATABLE.flatMap((words) => [`repeat ${words}`, `repeat after me ${words}`]), 'say hello', 'say good morning'],
  answer: ({ plain, text }) => {
    if (plain === 'repeat after me' || plain === 'say') return say('What shall I repeat?', 'Say repeat, and then the words.');
    if (!/^(?:repeat|say) /.test(plain)) return undefined;
    const words = AFTER_ME.exec(text)?.[1]?.trim() ?? '';
    return words === '' ? undefined : say(QUOTED.exec(words)?.[1] ?? words);
  },
};

function callerBefore(request: ResponderRequest): string | undefined {
  return request.history.slice(0, -1).findLast((item) => item.role === 'caller' && item.text.trim() !== '')?.text;
}
