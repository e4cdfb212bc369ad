import type { ResponderRequest } from '../../ports.ts';
import { arithmetic } from './arithmetic.ts';
import { calendar, clock } from './clock.ts';
import { counting } from './counting.ts';
import { fleetState } from './fleet-state.ts';
import { say, type Answer, type Intent } from './intent.ts';
import { lastAnswer, ownWords, repeating } from './repeating.ts';
import { SMALL_TALK } from './small-talk.ts';
import { spelling } from './spelling.ts';
import { readUtterance, withoutCourtesy, type Utterance } from './utterance.ts';

/** What the agent can do, exact matches before those that look for a word anywhere. */
const SKILLS: readonly Intent[] = [...SMALL_TALK, lastAnswer, ownWords, arithmetic, counting, spelling, repeating, clock, calendar, fleetState];
const OFFERS: readonly string[] = SKILLS.flatMap((intent) => intent.offer ?? []);

const help: Intent = {
  name: 'help',
  phrases: ['help', 'help me', 'what can you do', 'what can i say', 'what can i ask you', 'what do you know'],
  answer: ({ plain }) =>
    /\b(?:help|what (?:can|do|should) (?:you|i) (?:do|say|ask|know))\b/.test(plain)
      ? say(`I can ${OFFERS.slice(0, 3).join('; ')}.`, `I can also ${OFFERS.slice(3).join('; ')}.`, 'Say goodbye to end the call.')
      : undefined,
};

const INTENTS: readonly Intent[] = [...SKILLS, help];

/** Everything callers may say that is understood, each once. */
export const KNOWN_PHRASES: readonly string[] = [...new Set(INTENTS.flatMap((intent) => intent.phrases))];

/** The name of what the caller's last words were taken for, and the answer. Always answers; never throws. */
export function understand(request: ResponderRequest): { readonly intent: string; readonly answer: Answer } {
  const text = callerText(request);
  if (text.trim() === '') return { intent: 'unclear', answer: askAgain(request) };
  for (let heard: Utterance | undefined = readUtterance(text); heard !== undefined; heard = withoutCourtesy(heard)) {
    for (const intent of INTENTS) {
      const answer = intent.answer(heard, request);
      if (answer !== undefined) return { intent: intent.name, answer };
    }
  }
  return { intent: 'unknown', answer: say('I did not understand that.', `I can ${twoOffers(request)}.`) };
}

/** The caller's last words as they came; empty where the turn was unclear. */
export function callerText(request: ResponderRequest): string {
  const last = request.history.at(-1);
  return last?.role === 'caller' ? last.text : '';
}

/** Asks again, differently the longer the caller is not understood. */
export function askAgain(request: ResponderRequest): Answer {
  const turns = request.history.filter((item) => item.role === 'caller');
  const clear = turns.findLastIndex((item) => item.text.trim() !== '');
  const unclearInARow = turns.length - 1 - clear;
  if (unclearInARow <= 1) return say('Sorry, I did not catch that.', 'Could you say it again?');
  if (unclearInARow === 2) return say('I still could not make that out.', 'Please speak a little slower, or closer to the microphone.');
  return say('I have trouble hearing you.', `I can ${twoOffers(request)}.`);
}

/** Two things the agent can do, other ones each time. */
function twoOffers(request: ResponderRequest): string {
  const turn = request.history.filter((item) => item.role === 'caller').length;
  const first = OFFERS[(2 * turn) % OFFERS.length] ?? '';
  const second = OFFERS[(2 * turn + 1) % OFFERS.length] ?? '';
  return `${first}, or ${second}`;
}
