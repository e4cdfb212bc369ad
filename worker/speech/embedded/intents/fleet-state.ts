import { capitalized, say, type Intent } from './intent.ts';
import { numberInWords } from './spoken-number.ts';

const ASKING = /^(?:the )?fleet(?: status| state)?$|\b(?:how|state|status|is|are)\b.*\b(?:fleet|workers?)\b|\bhow many (?:calls?|callers?|slots?)\b|\b(?:how busy|are you busy)\b/;

/** Tells how the fleet is doing, as far as it is seen from here. */
export const fleetState: Intent = {
  name: 'fleet_state',
  offer: 'tell how the fleet is doing',
  phrases: [
    'how is the fleet', 'how is the fleet doing', 'what is the state of the fleet', 'is the fleet busy', 'how busy is the fleet', 'how many workers are there',
    'how many calls are there', 'how many callers are there', 'how busy are you', 'are you busy',
  ],
  answer: ({ plain }, { fleet }) => {
    if (!ASKING.test(plain)) return undefined;
    if (fleet.workers === 0) return say('I see no workers in the fleet right now.');
    const workers = fleet.workers === 1 ? 'one worker' : `${words(fleet.workers)} workers`;
    const slots = fleet.slotsTotal === 1 ? 'call slot' : 'call slots';
    return say(`The fleet has ${workers}.`, `${capitalized(words(fleet.slotsUsed))} of ${words(fleet.slotsTotal)} ${slots} ${fleet.slotsUsed === 1 ? 'is' : 'are'} in use.`);
  },
};

function words(value: number): string {
  return numberInWords(value) ?? String(value);
}
