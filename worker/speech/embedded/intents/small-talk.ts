import type { Answer, Intent } from './intent.ts';

/** An intent that is said in a few fixed ways and always answered alike. `also` are ways that the recognizer is not told of. */
function fixed(name: string, phrases: readonly string[], also: RegExp, answer: Answer): Intent {
  const known = new Set(phrases);
  return { name, phrases, answer: ({ plain }) => (known.has(plain) || also.test(plain) ? answer : undefined) };
}

const NAME = 'I am the demonstration agent of Voxfleet.';

/** What callers say to anyone they meet, and the end of the call. */
export const SMALL_TALK: readonly Intent[] = [
  fixed('greeting', ['hello', 'hello there', 'hi', 'hi there', 'good morning', 'good afternoon', 'good evening', 'hey there'], /^(?:hey|greetings|howdy|hello (?:hello|robot|agent|fleet))$/, {
    sentences: ['Hello.', 'I can do arithmetic, tell the time, count, spell, and more.', 'What would you like?'],
  }),
  fixed('well_being', ['how are you', 'how are you doing', 'how are you today'], /^how (?:is it going|do you do)$/, {
    sentences: ['I am well, thank you.', 'What can I do for you?'],
  }),
  fixed('identity', ['who are you', 'what are you', 'are you a robot', 'are you human', 'what is your name', 'who am i talking to'], /^(?:are you (?:an? )?(?:real|person|machine|language model|ai|bot|real person)|what is this|introduce yourself|tell me about yourself)$/, {
    sentences: [NAME, 'I am a small intent responder, not a language model: I match what you say with the phrases I know.'],
  }),
  fixed('presence', ['can you hear me', 'are you there', 'is anybody there'], /^(?:do you hear me|testing|test|is anyone there)$/, { sentences: ['Yes, I hear you.'] }),
  fixed('thanks', ['thank you', 'thanks', 'thank you very much', 'thanks a lot'], /^(?:many thanks|cheers|thank you so much)$/, { sentences: ['You are welcome.'] }),
  fixed('consent', ['yes', 'no', 'okay'], /^(?:yeah|yep|nope|ok|sure|all right|alright|fine|no thank you|no thanks)$/, { sentences: ['All right.', 'What would you like next?'] }),
  fixed('stop', ['stop', 'never mind', 'be quiet'], /^(?:stop (?:it|talking|please)|cancel|quiet|shut up|enough|hold on|wait)$/, { sentences: ['All right.'] }),
  fixed('farewell', ['goodbye', 'bye', 'bye bye', 'hang up', 'end the call', 'that is all'], /^(?:good bye|see you(?: later)?|farewell|good night|thats all|that is all(?: thank you| thanks)?|(?:ok(?:ay)? |thank you |thanks )?(?:good ?bye|bye)(?: then| now| bye)?)$/, {
    sentences: ['Goodbye.', 'Thank you for calling.'],
    endsCall: true,
  }),
];
