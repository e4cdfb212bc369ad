import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AgentConfig } from '../../../shared/protocol/agent-config.ts';
import { createLog } from '../../../shared/runtime/log.ts';
import type { HistoryItem, ResponderChunk, ResponderRequest } from '../ports.ts';
import { KNOWN_PHRASES, understand } from './intents/understanding.ts';
import { createEmbeddedResponder } from './responder.ts';

const agent: AgentConfig = { instructions: 'Be kind.', language: 'en', hints: [], engines: {}, speak_text: false };
const repeater: AgentConfig = { ...agent, instructions: 'Repeat' };
const responder = await createEmbeddedResponder({ env: {}, log: createLog({ tier: 'test', id: 'test', level: 'silent' }) });

/** A conversation in which caller and agent take turns, the caller first. */
function request(texts: readonly string[], as: AgentConfig = agent): ResponderRequest {
  const history = texts.map((text, i): HistoryItem => ({ role: i % 2 === 0 ? 'caller' : 'agent', text }));
  return { agent: as, history, nowMs: Date.UTC(2026, 0, 2, 12, 5), fleet: { workers: 2, slotsUsed: 3, slotsTotal: 40 } };
}

async function chunks(of: ResponderRequest, signal = new AbortController().signal): Promise<readonly ResponderChunk[]> {
  const all: ResponderChunk[] = [];
  for await (const chunk of responder.respond(of, signal)) all.push(chunk);
  return all;
}

async function answer(...texts: readonly string[]): Promise<string> {
  return textOf(await chunks(request(texts)));
}

function textOf(all: readonly ResponderChunk[]): string {
  return all.map((chunk) => (chunk.kind === 'text' ? chunk.text : '')).join('');
}

const EXPECTED: readonly (readonly [string, string | RegExp])[] = [
  ['hello', /^Hello\. .*What would you like\?$/],
  ['Hello!', /^Hello\./],
  ['good morning', /^Hello\./],
  ['how are you?', /^I am well/],
  ['who are you', /intent responder, not a language model/],
  ["What's your name?", /Voxfleet/],
  ['are you a robot', /not a language model/],
  ['can you hear me', 'Yes, I hear you.'],
  ['thank you', 'You are welcome.'],
  ['never mind', 'All right.'],
  ['yes', /^All right\./],
  ['help', /arithmetic.*goodbye/],
  ['what can you do', /count.*spell.*repeat.*time/],
  ['what is three plus four', 'Three plus four is seven.'],
  ['what is 3 + 4', 'Three plus four is seven.'],
  ["What's 3+4?", 'Three plus four is seven.'],
  ['WHAT IS THREE PLUS FOUR', 'Three plus four is seven.'],
  ['2+2=', 'Two plus two is four.'],
  ['could you please tell me what two plus two is', 'Two plus two is four.'],
  ['seven times eight', 'Seven times eight is fifty-six.'],
  ['7 x 8', 'Seven times eight is fifty-six.'],
  ['7*8', 'Seven times eight is fifty-six.'],
  ['what is 7 × 8', 'Seven times eight is fifty-six.'],
  ['twenty three plus forty five', 'Twenty-three plus forty-five is sixty-eight.'],
  ['one hundred and five minus two thousand', 'One hundred five minus two thousand is minus one thousand eight hundred ninety-five.'],
  ['three minus five', 'Three minus five is minus two.'],
  ['-4 - -3', 'Minus four minus minus three is minus one.'],
  ['two plus three times four', 'Two plus three times four is fourteen.'],
  ['ten divided by five', 'Ten divided by five is two.'],
  ['ten divided by four', 'Ten divided by four is two, remainder two, or two point five.'],
  ['ten divided by three', 'Ten divided by three is three, remainder one, or about three point three three.'],
  ['one divided by three', 'One divided by three is about zero point three three three.'],
  ['five divided by zero', 'I cannot divide by zero. Nobody can.'],
  ['1,000 / 4', 'One thousand divided by four is two hundred fifty.'],
  ['0.1 + 0.2', 'Zero point one plus zero point two is zero point three.'],
  ['three point five times two', 'Three point five times two is seven.'],
  ['99999999999999 * 99999999999999', 'Those numbers are too large for me.'],
  ['count to five', 'One, two, three, four, five.'],
  ['Count to 5.', 'One, two, three, four, five.'],
  ['please count from three to nine', 'Three, four, five, six, seven, eight, nine.'],
  ['down from three to one', 'Three, two, one.'],
  ['count from', /^I did not understand/],
  ['from three', /^I did not understand/],
  ['fleet count to four', /^I did not understand/],
  ['count from nine to seven', 'Nine, eight, seven.'],
  ['count down from three', 'Three, two, one, zero.'],
  ['count', 'One, two, three, four, five, six, seven, eight, nine, ten.'],
  ['count to twelve', 'One, two, three, four, five, six, seven, eight, nine, ten. Eleven, twelve.'],
  ['count to a million', 'I can count one hundred numbers at most.'],
  ['count to 2.5', 'I can count whole numbers only.'],
  ['spell fleet', 'Fleet is spelled F, L, E, E, T.'],
  ['How do you spell "fleet"?', 'Fleet is spelled F, L, E, E, T.'],
  ['spell hello please', 'Hello is spelled H, E, L, L, O.'],
  ['spell the word water', 'Water is spelled W, A, T, E, R.'],
  ['spell', /^Which word/],
  ['repeat after me The Quick Fox.', 'The Quick Fox.'],
  ['Repeat hello', 'hello'],
  ['please repeat: "Hi There"', 'Hi There'],
  ['say good morning', 'good morning'],
  ['repeat after me', /^What shall I repeat\?/],
  ['repeat that', 'I have not said anything yet.'],
  ['what did I say?', 'You have not said anything before that.'],
  ['what time is it', /^It is [a-z' -]+ (?:in the (?:morning|afternoon|evening)), \S/],
  ['Hello, what time is it?', /^It is /],
  ['what day is it', /^Today is (?:Thursday|Friday|Saturday), January \d, 2026\.$/],
  ['how is the fleet', 'The fleet has two workers. Three of forty call slots are in use.'],
  ['how many workers are there?', /two workers/],
  ['goodbye', 'Goodbye. Thank you for calling.'],
  ['Thanks, bye!', 'Goodbye. Thank you for calling.'],
  ['what is the meaning of life', /^I did not understand that\. I can .+, or .+\.$/],
  ['what is five', /^I did not understand/],
  ['(((((', /^I did not understand/],
  ['', /^Sorry, I did not catch that\./],
];

describe('the embedded responder', () => {
  for (const [heard, expected] of EXPECTED) {
    it(`answers "${heard}"`, async () => {
      const said = await answer(heard);
      if (typeof expected === 'string') assert.equal(said, expected);
      else assert.match(said, expected);
    });
  }

  it('ends the call after goodbye, and not otherwise', async () => {
    assert.deepEqual((await chunks(request(['goodbye']))).map((chunk) => chunk.kind), ['text', 'text', 'end_call']);
    assert.ok((await chunks(request(['spell goodbye']))).every((chunk) => chunk.kind === 'text'));
  });

  it('remembers what it said and what the caller said', async () => {
    assert.equal(await answer('hello', 'Hello.', 'say that again'), 'Hello.');
    assert.equal(await answer('Spell fleet', 'Fleet…', 'what did I say'), 'You said: Spell fleet');
  });

  it('asks again in other words the longer it does not understand, and anew after it understood', async () => {
    const first = await answer('');
    const second = await answer('', first, '');
    const third = await answer('', first, '', second, '');
    assert.equal(new Set([first, second, third]).size, 3);
    assert.equal(await answer('', first, 'hello', 'Hello.', ''), first);
  });

  it('names other things it can do the next time it does not understand', async () => {
    assert.notEqual(await answer('blue'), await answer('blue', 'Sorry?', 'blue'));
  });

  it('repeats exactly what it heard when that is its instruction', async () => {
    for (const instructions of ['repeat', ' Repeat. ', 'Please repeat what the caller says, word by word.']) {
      const text = textOf(await chunks(request(['Goodbye,  World! What is 3 + 4?'], { ...agent, instructions })));
      assert.equal(text, 'Goodbye,  World! What is 3 + 4?');
    }
    assert.match(textOf(await chunks(request([''], repeater))), /^Sorry/);
    assert.match(textOf(await chunks(request(['hello'], { ...agent, instructions: 'Do not repeat yourself.' }))), /^Hello\./);
  });

  it('stops between sentences when it is aborted', async () => {
    assert.deepEqual(await chunks(request(['help']), AbortSignal.abort()), []);
    const stop = new AbortController();
    const heard: ResponderChunk[] = [];
    for await (const chunk of responder.respond(request(['goodbye']), stop.signal)) {
      heard.push(chunk);
      stop.abort();
    }
    assert.deepEqual(heard, [{ kind: 'text', text: 'Goodbye.' }]);
  });

  it('understands every phrase it biases recognizers with, a bounded number of them, and has none as a repeater', () => {
    const phrases = responder.phrases(agent);
    assert.deepEqual(phrases.filter((phrase) => understand(request([phrase])).intent === 'unknown'), []);
    assert.ok(phrases.length <= 420, `${phrases.length} phrases`);
    assert.ok(phrases.every((phrase) => /^[a-z]+(?: [a-z]+)*$/.test(phrase.replaceAll('-', ' '))));
    assert.equal(new Set(phrases).size, phrases.length);
    assert.deepEqual(responder.phrases(repeater), []);
  });

  it('answers every string with something and never throws', async () => {
    const words = fc.array(fc.constantFrom(...KNOWN_PHRASES.flatMap((phrase) => phrase.split(' ')), '-', '1', '.5', '%', 'please'), { maxLength: 8 });
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.string(), words.map((each) => each.join(' ')));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 4 }), async (texts) => {
        assert.notEqual(textOf(await chunks(request(texts))).trim(), '');
        await chunks(request(texts, repeater));
      }),
    );
  });

  it('answers endless text as well', async () => {
    for (const text of ['please '.repeat(20_000), '('.repeat(50_000), '1+'.repeat(20_000), 'spell a '.repeat(9_000)]) assert.notEqual(await answer(text), '');
  });
});

describe('arithmetic phrases', () => {
  const sums = KNOWN_PHRASES.filter((phrase) => /plus|minus|times/.test(phrase)).map((phrase) => phrase.split(' '));
  const singles = new Set(sums.flat().filter((word) => !['what', 'is', 'plus', 'minus', 'times'].includes(word)));

  it('leave every question about two single-word numbers at most one word away from a known one', () => {
    assert.equal(singles.size, 28);
    for (const left of singles) {
      for (const operator of ['plus', 'minus', 'times']) {
        for (const right of singles) {
          const asked = ['what', 'is', left, operator, right];
          const isNear = sums.some((sum) => sum.length === 5 && sum.filter((word, i) => word !== asked[i]).length <= 1);
          assert.ok(isNear, asked.join(' '));
        }
      }
    }
  });
});
