import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { UnfinishedReply } from './history.ts';
import type { TurnEffect, TurnEvent } from './turn-event.ts';
import { happenings, World, type Happening } from './world-fixture.ts';

const RUNS = { numRuns: 1500 };

const happening: fc.Arbitrary<Happening> = fc.oneof(fc.constantFrom(...happenings), fc.constant('goes_on' as const));
const plausible = fc.array(happening, { maxLength: 120 });
/** What an earlier owner of the session may have left: nothing, or a reply of the last turn. */
const inherited: fc.Arbitrary<UnfinishedReply | undefined> = fc.option(
  fc.record({
    turn: fc.constant(0), sentences: fc.array(fc.record({ text: fc.constant('Before.') }), { minLength: 1, maxLength: 3 }),
    isComplete: fc.boolean(), hangUp: fc.boolean(),
  }),
  { nil: undefined },
);

const turns = fc.integer({ min: 0, max: 6 });
const texts = fc.string({ maxLength: 5 });
/** Any event at any time, also such as never come. */
const anyEvent: fc.Arbitrary<TurnEvent> = fc.oneof(
  fc.record({ type: fc.constantFrom('speech_started', 'speech_ended'), atMs: fc.nat() }),
  fc.record({ type: fc.constant('silence'), silentMs: fc.nat(2000) }),
  fc.record({ type: fc.constantFrom('audio_stalled', 'unanswered', 'cancel') }),
  fc.record({ type: fc.constant('timer'), timer: fc.constantFrom('endpoint', 'limit') }),
  fc.record({ type: fc.constantFrom('partial', 'sentence'), turn: turns, text: texts }),
  fc.record({ type: fc.constant('final'), turn: turns, transcript: fc.oneof(fc.record({ outcome: fc.constant('words'), text: texts }), fc.record({ outcome: fc.constantFrom('unclear', 'nothing') })) }),
  fc.record({ type: fc.constantFrom('recognizer_failed', 'responder_failed'), turn: turns, reason: texts }),
  fc.record({ type: fc.constant('reply_ended'), turn: turns, hangUp: fc.boolean() }),
  fc.record({ type: fc.constant('played_out'), turn: turns }),
  fc.record({
    type: fc.constant('resume_reply'), fromMs: fc.nat(9000),
    reply: fc.record({ turn: turns, sentences: fc.array(fc.record({ text: texts }), { maxLength: 3 }), isComplete: fc.boolean(), hangUp: fc.boolean() }),
  }),
  fc.record({ type: fc.constant('say'), sentences: fc.array(texts, { maxLength: 3 }) }),
);

function worldAfter(course: readonly Happening[], reply?: UnfinishedReply): World {
  const world = new World(0);
  if (reply !== undefined) world.take({ type: 'resume_reply', reply, fromMs: 100 });
  for (const happening of course) world.happen(happening);
  return world;
}

/** Checks a claim about the effects of any plausible course of a call, from its start or from where an earlier owner left it. */
function always(claim: (effects: readonly TurnEffect[], world: World) => void): void {
  fc.assert(fc.property(plausible, inherited, (course, reply) => {
    const world = worldAfter(course, reply);
    claim(world.effects, world);
  }), RUNS);
}

test('no event throws in any state, however implausible, and turn numbers never decrease', () => {
  fc.assert(fc.property(turns, fc.array(anyEvent, { maxLength: 80 }), (turn, events) => {
    const world = new World(turn);
    for (const event of events) world.take(event);
  }), RUNS);
});

test('the same events give the same effects and the same state', () => {
  fc.assert(fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
    const [once, again] = [new World(0), new World(0)];
    for (const world of [once, again]) for (const event of events) world.take(Object.freeze({ ...event }));
    assert.deepEqual([once.state, once.effects], [again.state, again.effects]);
  }));
});

test('at most one turn is open for recognition, under a new number; it is finished once; pauses and resumptions are of it and take turns', () => {
  always((effects) => {
    let open: { turn: number; isPaused: boolean } | undefined;
    let newest = 0;
    for (const effect of effects) {
      if (effect.type === 'start_recognizer') {
        assert.equal(open, undefined);
        assert.ok(effect.turn > newest);
        newest = effect.turn;
        open = { turn: effect.turn, isPaused: false };
      } else if (effect.type === 'pause_recognizer' || effect.type === 'resume_recognizer') {
        assert.deepEqual(open, { turn: effect.turn, isPaused: effect.type === 'resume_recognizer' });
        open = { turn: effect.turn, isPaused: effect.type === 'pause_recognizer' };
      } else if (effect.type === 'finish_recognizer') {
        assert.equal(open?.turn, effect.turn);
        open = undefined;
      }
    }
  });
});

test('every turn that was understood or failed ends in exactly one of stored and discarded', () => {
  always((effects, world) => {
    world.settle('unclear');
    const ended = effects.filter(({ type }) => type === 'commit_caller' || type === 'discard_turn').map((effect) => 'turn' in effect && effect.turn);
    assert.deepEqual(ended, world.finalsGiven);
    assert.deepEqual(ended, effects.filter(({ type }) => type === 'finish_recognizer').map((effect) => 'turn' in effect && effect.turn));
  });
});

test('a responder is called once for what was stored, and again only where the caller interrupted it before its first word', () => {
  always((effects) => {
    let due = false;
    let isThinking = false;
    for (const effect of effects) {
      if (effect.type === 'commit_caller' || effect.type === 'resume_speech') due = true;
      if (effect.type === 'cancel_responder' && isThinking) due = true;
      if (effect.type === 'commit_agent' || (effect.type === 'finish_speech' && !isThinking)) due = false;
      if (effect.type === 'speak') isThinking = false;
      if (effect.type !== 'call_responder') continue;
      assert.ok(due);
      due = false;
      isThinking = effect.begun === undefined;
    }
  });
});

test('a call\'s stored words are all answered once the caller is silent: a responder is called after the last of them, unless the caller cancelled', () => {
  fc.assert(fc.property(plausible.map((course) => course.filter((happening) => happening !== 'cancel')), (course) => {
    const world = worldAfter([...course, 'speech_ended', 'limit_timer']);
    world.settle('nothing');
    const types = world.effects.map(({ type }) => type);
    const lastStored = types.lastIndexOf('commit_caller');
    assert.ok(lastStored === -1 || types.lastIndexOf('call_responder') > lastStored);
  }), RUNS);
});

test('nothing is spoken for a turn after it was cancelled, stored or finished, and its sentences are numbered from 0', () => {
  always((effects) => {
    const over = new Set<number>();
    const spoken = new Map<number, number>();
    for (const effect of effects) {
      if (effect.type === 'cancel_responder' || effect.type === 'commit_agent' || effect.type === 'finish_speech') over.add(effect.turn);
      if (effect.type === 'resume_speech') spoken.set(effect.turn, effect.sentences.length);
      if (effect.type !== 'speak') continue;
      assert.ok(!over.has(effect.turn), `turn ${effect.turn} is over`);
      assert.equal(effect.index, spoken.get(effect.turn) ?? 0);
      spoken.set(effect.turn, effect.index + 1);
    }
  });
});

test('every agent turn that spoke is stored once, before anything else is spoken', () => {
  always((effects, world) => {
    let speaking: number | undefined;
    for (const effect of effects) {
      if (effect.type === 'speak' || effect.type === 'resume_speech') {
        assert.equal(speaking ?? effect.turn, effect.turn);
        speaking = effect.turn;
      } else if (effect.type === 'commit_agent') {
        assert.equal(speaking ?? effect.turn, effect.turn);
        speaking = undefined;
      }
    }
    assert.equal(speaking !== undefined, world.state.phase === 'speaking');
    const stored = effects.flatMap((effect) => (effect.type === 'commit_agent' ? [effect.turn] : []));
    assert.equal(new Set(stored).size, stored.length);
  });
});

test('the caller is told to clear playout only where the agent spoke, right after that was stored as interrupted', () => {
  always((effects) => {
    for (const [at, effect] of effects.entries()) {
      if (effect.type !== 'tell' || effect.event.type !== 'clear') continue;
      const stored = effects[at - 1];
      assert.ok(stored?.type === 'commit_agent' && stored.interrupted);
      assert.ok(effects.some((earlier, when) => when < at && (earlier.type === 'speak' || earlier.type === 'resume_speech') && earlier.turn === stored.turn));
    }
  });
});

test('while a pause or a turn is open its timer runs, and none runs where the caller does not have the floor', () => {
  always((effects, world) => {
    const running = new Set<string>();
    for (const effect of effects) {
      if (effect.type === 'set_timer') running.add(effect.timer);
      if (effect.type === 'clear_timer') running.delete(effect.timer);
    }
    const { phase } = world.state;
    assert.equal(running.has('limit'), phase === 'hearing' || phase === 'endpointing');
    assert.equal(running.has('endpoint'), phase === 'endpointing');
  });
});

test('a reply is stored as complete once, before its speech ends, unless it is cut, and before one that was inherited as complete nothing is', () => {
  always((effects) => {
    const complete = effects.flatMap((effect) => (effect.type === 'commit_reply' ? [effect.turn] : []));
    assert.equal(new Set(complete).size, complete.length);
    for (const [at, effect] of effects.entries()) {
      if (effect.type !== 'finish_speech') continue;
      const before = effects[at - 1];
      assert.ok(before?.type === 'commit_reply' || before?.type === 'resume_speech');
    }
  });
});
