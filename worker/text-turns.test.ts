import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { AgentEvent } from '../shared/protocol/agent-event.ts';
import { ConversationFixture } from './conversation-fixture.ts';
import { agentConfig } from './gateway-fixture.ts';
import { readScriptedSettings, ScriptedCalls } from './speech/scripted/script.ts';
import { ScriptedResponder } from './speech/scripted/responder.ts';
import type { Responder } from './speech/ports.ts';
import { TextTurns } from './text-turns.ts';
import { TurnPlaces } from './turn-places.ts';
import { TurnPool } from './turn-pool.ts';

const LIMIT = { timeout: 200_000 };

function scripted(env: Record<string, string> = {}): () => Promise<Responder> {
  const settings = readScriptedSettings(env);
  const responder = new ScriptedResponder(settings, new ScriptedCalls(settings, 'responder'));
  return async () => responder;
}

/** One session's texts with everything that came of them. */
class Chat {
  readonly pool = new TurnPool(2);
  readonly happened: string[] = [];
  /** The seqs of texts in the order of their answers. */
  readonly answered: number[] = [];
  readonly texts: TextTurns;
  readonly #ledger: ConversationFixture['ledger'];
  #watchers: (() => void)[] = [];
  #seq = 0;

  constructor({ conversation, ledger }: ConversationFixture, responder = scripted()) {
    this.#ledger = ledger;
    this.texts = new TextTurns({
      agent: agentConfig(), places: new TurnPlaces(this.pool, { recognizer: true, responder: true }), conversation, responder, engineDeadlineMs: 10_000,
      fleet: () => ({ workers: 1, slotsUsed: 1, slotsTotal: 1 }),
      listener: {
        tell: (event) => this.#note(event.type === 'error' ? event.code : event.type === 'text' ? event.content : event.type, event),
        onAnswered: (answer) => this.#note(`stored: ${answer}`),
        onHangUp: () => this.#note('hang up'),
        onCrash: (error) => this.#note(`crash: ${error instanceof Error ? error.message : ''}`),
      },
    });
  }

  write(content: string, answer?: string): void {
    this.#seq += 1;
    this.#ledger.textReceived(this.#seq);
    this.texts.push({ seq: this.#seq, content, lane: 'normal', ...(answer === undefined ? {} : { answer }) });
  }

  async until(count: number, isIt: (what: string) => boolean): Promise<void> {
    while (this.happened.filter(isIt).length < count) await new Promise<void>((resolve) => this.#watchers.push(resolve));
  }

  #note(what: string, event?: AgentEvent): void {
    this.happened.push(what);
    if (event !== undefined && 're' in event) this.answered.push(event.re ?? 0);
    for (const watcher of this.#watchers.splice(0)) watcher();
  }
}

const isStored = (what: string): boolean => what.startsWith('stored');
const isTold = (what: string): boolean => !isStored(what) && !what.startsWith('crash');

describe('text messages', LIMIT, () => {
  let fixture: ConversationFixture;

  beforeEach(async () => {
    fixture = await ConversationFixture.start();
  });

  afterEach(() => fixture.stop());

  test('each is answered by exactly one text, in order, and stored with its answer', async () => {
    const chat = new Chat(fixture);
    for (let no = 1; no <= 20; no++) chat.write(`number ${no}`);
    await chat.until(20, isStored);
    const answers = Array.from({ length: 20 }, (_, i) => `You said: number ${i + 1}.`);
    assert.deepEqual(chat.happened.filter(isTold), answers);
    assert.deepEqual(chat.happened.filter(isStored), answers.map((answer) => `stored: ${answer}`));
    assert.equal(fixture.ledger.committed, 20);
    assert.deepEqual((await fixture.items()).slice(-2), [
      { kind: 'caller', turn: 0, text: 'number 20', atMs: 0, seq: 20 },
      { kind: 'agent', turn: 0, text: 'You said: number 20.', interrupted: false, atMs: 0 },
    ]);
  });

  test('while Redis is frozen answers go on; they count as committed only once they are stored', async () => {
    const chat = new Chat(fixture);
    await fixture.server.kill('SIGSTOP');
    for (const text of ['one', 'two']) chat.write(text);
    await chat.until(2, isTold);
    assert.equal(fixture.ledger.committed, 0);
    await fixture.server.kill('SIGCONT');
    await chat.until(2, isStored);
    assert.equal(fixture.ledger.committed, 2);
  });

  test('a cancelled answer is told as cancelled, nothing of it counts as said, and the next text is answered', async () => {
    const chat = new Chat(fixture, scripted({ SCRIPTED_TOKEN_MS: 'constant:30' }));
    chat.write('a long story that takes a while to be repeated');
    chat.write('short');
    setTimeout(() => chat.texts.cancel(), 100);
    await chat.until(2, isStored);
    assert.deepEqual(chat.happened.filter(isTold), ['cancelled', 'You said: short.']);
    assert.deepEqual(chat.happened.filter(isStored), ['stored: ', 'stored: You said: short.']);
    assert.deepEqual(fixture.conversation.history.map(({ text }) => text), ['a long story that takes a while to be repeated', 'short', 'You said: short.']);
  });

  test('a responder that fails costs its own answer alone: an error instead of a text', async () => {
    const working = scripted();
    let asked = 0;
    const chat = new Chat(fixture, () => ((asked += 1) === 1 ? Promise.reject(new Error('no such engine')) : working()));
    for (const text of ['one', 'two']) chat.write(text);
    await chat.until(2, isStored);
    assert.deepEqual(chat.happened.filter(isTold), ['responder_failed', 'You said: two.']);
    assert.deepEqual(chat.answered, [1, 2], 'each answer, an error too, says of which text it is');
    assert.ok(chat.happened.includes('crash: no such engine'));
    assert.equal(chat.pool.computing, 0, 'the place is given back');
  });

  test('a text that an earlier owner answered is stored and remembered in its place, and not answered', async () => {
    const chat = new Chat(fixture, scripted({ SCRIPTED_TOKEN_MS: 'constant:5' }));
    chat.write('one');
    chat.write('two', 'Two it is.');
    chat.write('three');
    await chat.until(3, isStored);
    assert.deepEqual(chat.happened.filter(isTold), ['You said: one.', 'You said: three.']);
    assert.deepEqual(chat.happened.filter(isStored), ['stored: You said: one.', 'stored: Two it is.', 'stored: You said: three.']);
    assert.deepEqual(fixture.conversation.history.map(({ text }) => text), ['one', 'You said: one.', 'two', 'Two it is.', 'three', 'You said: three.']);
    assert.deepEqual((await fixture.items()).map((item) => 'text' in item && item.text), fixture.conversation.history.map(({ text }) => text));
    assert.equal(fixture.ledger.committed, 3);
  });

  test('goodbye is answered before the agent hangs up', async () => {
    const chat = new Chat(fixture);
    chat.write('goodbye');
    await chat.until(1, isStored);
    assert.deepEqual(chat.happened.filter(isTold), ['You said: goodbye.', 'hang up']);
  });

  test('a text waits for a place among the turns being computed', async () => {
    const chat = new Chat(fixture);
    const releases = await Promise.all([chat.pool.acquire('normal'), chat.pool.acquire('normal')]);
    chat.write('one');
    chat.write('two');
    assert.deepEqual([chat.pool.waiting, chat.texts.waiting], [1, 1]);
    for (const release of releases) release();
    await chat.until(2, isStored);
    assert.equal(chat.pool.computing, 0);
  });

  test('closed, it says nothing more, whether its answer is under way, fails or waits', async () => {
    const slow = new Chat(fixture, scripted({ SCRIPTED_FIRST_TOKEN_MS: 'constant:50' }));
    let fail: (error: Error) => void = () => undefined;
    const failing = new Chat(fixture, () => new Promise((_resolve, reject) => (fail = reject)));
    for (const chat of [slow, failing]) {
      for (const text of ['one', 'two']) chat.write(text);
      await new Promise(setImmediate);
      chat.texts.close();
    }
    fail(new Error('too late'));
    while (slow.pool.computing + failing.pool.computing > 0) await new Promise(setImmediate);
    assert.deepEqual([...slow.happened, ...failing.happened].filter((what) => !what.startsWith('crash')), []);
  });
});
