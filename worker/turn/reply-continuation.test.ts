import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ConversationItem } from '../../shared/session/record.ts';
import { standingOf, type BegunSentence } from './history.ts';
import { goingOn, placeIn } from './reply-continuation.ts';

const GREETING = 'Hello there. Who is it?';
const caller: ConversationItem = { kind: 'caller', turn: 2, text: 'tell me', atMs: 0 };
const greeted: ConversationItem = { kind: 'agent', turn: 1, text: '', interrupted: true, atMs: 0 };
const sentence = (index: number, turn = 2): ConversationItem => ({ kind: 'sentence', turn, index, text: `Sentence ${index}.`, atMs: 0 });
const spoken = (index: number, startMs: number): ConversationItem => ({ kind: 'spoken', turn: 2, index, startMs, atMs: 0 });
const reply: ConversationItem = { kind: 'reply', turn: 2, hangUp: false, atMs: 0 };

/** What a new owner does first, as the event's type and where it goes on. */
function first(items: readonly ConversationItem[], deliveredMs?: number, turn = 2): unknown {
  const event = goingOn(standingOf(items), deliveredMs === undefined ? undefined : { turn, mediaMs: deliveredMs }, GREETING);
  return event?.type === 'resume_reply' ? `resume at ${event.fromMs}` : event?.type;
}

test('whom nobody has greeted is greeted; whoever was, if only with a word that was cut, is not', () => {
  assert.deepEqual(goingOn(standingOf([]), undefined, GREETING), { type: 'say', sentences: ['Hello there.', 'Who is it?'] });
  assert.equal(goingOn(standingOf([]), undefined, undefined), undefined);
  assert.equal(first([greeted]), undefined);
  assert.equal(first([greeted, caller, { kind: 'agent', turn: 2, text: 'Yes.', interrupted: false, atMs: 0 }]), undefined);
});

test('a greeting that was begun goes on, as any reply', () => {
  const begun = [sentence(0), sentence(1), reply];
  assert.equal(first(begun, 700), 'resume at 700');
  assert.equal(first(begun), 'resume at 0');
});

test('what was not answered is answered', () => {
  assert.equal(first([greeted, caller]), 'unanswered');
});

test('a reply goes on where the caller has it; of one that is complete what was never delivered is spoken', () => {
  const begun = [greeted, caller, sentence(0), spoken(0, 0), sentence(1)];
  assert.equal(first(begun, 1240), 'resume at 1240');
  assert.equal(first([...begun, reply], 1240), 'resume at 1240');
  assert.equal(first([...begun, reply]), 'resume at 0');
});

test('a reply that nothing was delivered of and that was not complete is made again', () => {
  const begun = [greeted, caller, sentence(0), sentence(1)];
  assert.equal(first(begun), 'unanswered');
  assert.equal(first(begun, 5000, 1), 'unanswered', 'what was delivered is of the reply before');
});

test('turns are matched by what travels of their numbers', () => {
  const items: ConversationItem[] = [{ ...caller, turn: 258 }, sentence(0, 258)];
  assert.equal(first(items, 800, 2), 'resume at 800');
});

test('speaking goes on inside the newest sentence that began', () => {
  const sentences = [{ text: 'One.', startMs: 0 }, { text: 'Two.', startMs: 1000 }, { text: 'Three.' }];
  assert.deepEqual(placeIn(sentences, 1500), {
    spoken: [{ text: 'One.', startMs: 0, endMs: 1000 }], waiting: ['Two.', 'Three.'], fromMs: 1500, skipMs: 500,
  });
  assert.deepEqual(placeIn(sentences, 999).waiting, ['One.', 'Two.', 'Three.']);
  assert.deepEqual([placeIn(sentences, 1000).waiting, placeIn(sentences, 1000).skipMs], [['Two.', 'Three.'], 0]);
});

test('where it is not known where sentences began, the first of them tells by its audio', () => {
  assert.deepEqual(placeIn([{ text: 'One.' }, { text: 'Two.' }], 700), { spoken: [], waiting: ['One.', 'Two.'], fromMs: 700, skipMs: 700 });
});

test('wherever a reply is cut, no sentence is left out or doubled, and what is skipped was delivered', () => {
  const reply = fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(reply, fc.nat(8), fc.nat(20_000), (durationsMs, known, cutMs) => {
      let atMs = 0;
      const sentences = durationsMs.map((durationMs, index): BegunSentence => {
        const startMs = atMs;
        atMs += durationMs;
        return index < known ? { text: `Sentence ${index}.`, startMs } : { text: `Sentence ${index}.` };
      });
      const { spoken, waiting, fromMs, skipMs } = placeIn(sentences, cutMs);
      assert.deepEqual([...spoken.map(({ text }) => text), ...waiting], sentences.map(({ text }) => text));
      assert.equal(fromMs, cutMs);
      assert.equal(fromMs - skipMs, spoken.at(-1)?.endMs ?? 0, 'skipping begins where the sentences that are over end');
      assert.ok(skipMs >= 0);
      let endMs = 0;
      for (const { startMs, endMs: end } of spoken) {
        assert.equal(startMs, endMs);
        endMs = end;
      }
    }),
  );
});
