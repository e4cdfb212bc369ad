import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AgentConfig } from '../../../shared/protocol/agent-config.ts';
import { sentencesOf } from '../../turn/sentences.ts';
import type { HistoryItem, Responder, ResponderChunk, ResponderRequest } from '../ports.ts';
import { collect } from './collect.ts';
import { CONFORMANCE_TIMEOUT_MS, sharedEngine } from './shared-engine.ts';

export interface ResponderExpectations {
  readonly instructions: string;
  /** Two things a caller says that are answered differently. */
  readonly first: { readonly said: string; readonly answer: RegExp };
  readonly second: { readonly said: string; readonly answer: RegExp };
  /** What a caller says to end the call, for responders that hang up. */
  readonly farewell?: string;
}

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const options = { timeout: CONFORMANCE_TIMEOUT_MS };

/** Registers tests of what `Responder` promises, run on one implementation. */
export function describeResponder(name: string, make: () => Promise<Responder>, expectations: ResponderExpectations): void {
  const { first, second, farewell } = expectations;
  const agent: AgentConfig = { instructions: expectations.instructions, language: 'en-US', hints: [], engines: {}, speak_text: false };
  const asked = (...said: readonly string[]): ResponderRequest => request(agent, said);

  describe(`responder: ${name}`, () => {
    const engine = sharedEngine(make);

    it('answers the last item of the history', options, async () => {
      assert.match(textOf(await answer(await engine(), asked(first.said))), first.answer);
      assert.match(textOf(await answer(await engine(), asked(first.said, 'As I said.', second.said))), second.answer);
    });

    it('answers a turn that was not understood', options, async () => {
      assert.notEqual(textOf(await answer(await engine(), asked(''))).trim(), '');
    });

    it('streams pieces of text that are not empty and hangs up last, if at all', options, async () => {
      const chunks = await answer(await engine(), asked(farewell ?? first.said));
      const ends = chunks.flatMap((chunk, place) => (chunk.kind === 'end_call' ? [place] : []));
      assert.deepEqual(ends, farewell === undefined ? [] : [chunks.length - 1]);
      assert.ok(chunks.every((chunk) => chunk.kind === 'end_call' || chunk.text !== ''));
    });

    it('goes on where an answer was left, repeats nothing of it and ends as the whole does', options, async () => {
      const responder = await engine();
      for (const said of [first.said, second.said, farewell ?? first.said]) {
        const whole = await answer(responder, asked(said));
        const sentences = sentencesOf(textOf(whole));
        for (const count of sentences.keys()) {
          const begun = sentences.slice(0, count + 1).join(' ');
          const rest = await answer(responder, { ...asked(said), begun });
          assert.equal(words(`${begun} ${textOf(rest)}`), words(textOf(whole)));
          assert.equal(rest.at(-1)?.kind === 'end_call', whole.at(-1)?.kind === 'end_call');
        }
      }
    });

    it('keeps answers of several callers apart', options, async () => {
      const responder = await engine();
      const said = [first, second, first, second];
      const answers = await Promise.all(said.map((each) => answer(responder, asked(each.said))));
      answers.forEach((chunks, place) => assert.match(textOf(chunks), said[place]?.answer ?? assert.fail()));
    });

    it('says nothing when it is stopped before it began', options, async () => {
      assert.deepEqual(await collect((await engine()).respond(asked(first.said), AbortSignal.abort())), []);
    });

    it('ends early and without a throw when it is stopped midway', options, async () => {
      const stop = new AbortController();
      let after = 0;
      for await (const chunk of (await engine()).respond(asked(first.said), stop.signal)) {
        if (stop.signal.aborted) after += 1;
        assert.equal(chunk.kind, 'text');
        stop.abort();
      }
      assert.equal(after, 0, 'it went on after it was stopped');
    });

    it('answers on after a listener walked away', options, async () => {
      for await (const chunk of (await engine()).respond(asked(first.said), new AbortController().signal)) {
        assert.ok(chunk);
        break;
      }
      assert.match(textOf(await answer(await engine(), asked(second.said))), second.answer);
    });

    it('lists phrases that are the same each time and not empty', options, async () => {
      const responder = await engine();
      const phrases = responder.phrases(agent);
      assert.deepEqual(responder.phrases(agent), phrases);
      assert.ok(phrases.every((phrase) => phrase.trim() !== ''));
    });
  });
}

/** A conversation in which caller and agent take turns, frozen: a responder changes nothing of it. */
function request(agent: AgentConfig, said: readonly string[]): ResponderRequest {
  const history = said.map((text, place): HistoryItem => Object.freeze({ role: place % 2 === 0 ? 'caller' : 'agent', text }));
  return Object.freeze({ agent: Object.freeze(agent), history: Object.freeze(history), nowMs: NOW_MS, fleet: { workers: 2, slotsUsed: 1, slotsTotal: 8 } });
}

function answer(responder: Responder, asked: ResponderRequest): Promise<ResponderChunk[]> {
  return collect(responder.respond(asked, new AbortController().signal));
}

/** A text whose white space makes no difference. */
function words(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ');
}

function textOf(chunks: readonly ResponderChunk[]): string {
  return chunks.map((chunk) => (chunk.kind === 'text' ? chunk.text : '')).join('');
}
