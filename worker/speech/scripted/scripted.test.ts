import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collect } from '../conformance/collect.ts';
import { EngineError, type HistoryItem, type ResponderRequest } from '../ports.ts';
import { ScriptedRecognizer, scriptedTranscript } from './recognizer.ts';
import { ScriptedResponder, scriptedReply } from './responder.ts';
import { readScriptedSettings, ScriptedCalls, type Fault } from './script.ts';
import { scriptedSpeech, scriptedSpeechLength, ScriptedSynthesizer } from './synthesizer.ts';
import { ScriptedVoiceActivity } from './voice-activity.ts';

const signal = new AbortController().signal;

function request(instructions: string, ...said: readonly string[]): ResponderRequest {
  const history = said.map((text, i): HistoryItem => ({ role: i % 2 === 0 ? 'caller' : 'agent', text }));
  const agent = { instructions, language: 'en-US', hints: [], engines: {}, speak_text: false };
  return { agent, history, nowMs: 0, fleet: { workers: 1, slotsUsed: 0, slotsTotal: 1 } };
}

function speaking(ms: number): Int16Array {
  return scriptedSpeech('a'.repeat(Math.ceil(ms / 60)), 0, ms * 16);
}

describe('scripted settings', () => {
  it('list every mistake at once', () => {
    const env = { SCRIPTED_TOKEN_MS: 'often', SCRIPTED_SEED: '-1', SCRIPTED_FAIL_RATE: '2', SCRIPTED_TRANSCRIPT_MS: 'constant:5' };
    assert.throws(() => readScriptedSettings(env), (error: unknown) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, /SCRIPTED_TOKEN_MS: expected constant:N.*"often"/);
      assert.match(error.message, /SCRIPTED_SEED: expected a whole number from 0/);
      assert.match(error.message, /SCRIPTED_FAIL_RATE: expected a number from 0 to 1/);
      assert.doesNotMatch(error.message, /TRANSCRIPT/);
      return true;
    });
  });

  it('are all optional', () => {
    assert.deepEqual(readScriptedSettings({}).token, { kind: 'constant', ms: 0 });
    assert.equal(readScriptedSettings({ SCRIPTED_FAIL_RATE: '' }).failRate, 0);
  });
});

describe('scripted calls', () => {
  function faults(env: Record<string, string>, count: number): Fault[] {
    const calls = new ScriptedCalls(readScriptedSettings(env), 'test');
    return Array.from({ length: count }, () => calls.next().fault);
  }

  it('fail as often as they are told to, at both places, the same for the same seed', () => {
    const tenth = faults({ SCRIPTED_FAIL_RATE: '0.1' }, 5000);
    const failed = tenth.filter((fault) => fault !== 'none').length;
    assert.ok(failed > 400 && failed < 600, `${failed} of 5000`);
    assert.equal(new Set(tenth).size, 3);
    assert.deepEqual(faults({ SCRIPTED_FAIL_RATE: '0.1' }, 100), tenth.slice(0, 100));
    assert.notDeepEqual(faults({ SCRIPTED_FAIL_RATE: '0.1', SCRIPTED_SEED: '2' }, 100), tenth.slice(0, 100));
  });

  it('never or always fail at the ends of the scale', () => {
    assert.deepEqual(new Set(faults({}, 100)), new Set(['none']));
    assert.ok(faults({ SCRIPTED_FAIL_RATE: '1' }, 100).every((fault) => fault !== 'none'));
  });

  it('fail with a retryable EngineError in every engine', async () => {
    const settings = readScriptedSettings({ SCRIPTED_FAIL_RATE: '1' });
    const calls = new ScriptedCalls(settings, 'test');
    const fault = (error: unknown): boolean => error instanceof EngineError && error.retryable;
    for (let i = 0; i < 8; i++) {
      await assert.rejects(new ScriptedRecognizer(settings, calls).open({ language: 'en-US', phrases: [] }, { onPartial: () => undefined }).finish(), fault);
      await assert.rejects(collect(new ScriptedResponder(settings, calls).respond(request('', 'goodbye'), signal)), fault);
      await assert.rejects(collect(new ScriptedSynthesizer(settings, calls).synthesize({ text: 'hello', voice: undefined, language: 'en-US' }, signal)), fault);
      const failure = await new Promise<unknown>((onFailure) => {
        new ScriptedVoiceActivity(calls).open({ onWindow: () => undefined, onFailure }).push(speaking(200));
      });
      assert.ok(fault(failure));
    }
  });
});

describe('the scripted recognizer', () => {
  it('tells the length of speech to 100 ms, mumbles and clicks apart', () => {
    assert.deepEqual(scriptedTranscript(0), { outcome: 'nothing' });
    assert.deepEqual(scriptedTranscript(64), { outcome: 'unclear' });
    assert.deepEqual(scriptedTranscript(1249), { outcome: 'words', text: 'utterance of 1200 ms' });
  });

  it('counts speech and not the silence around it', async () => {
    const settings = readScriptedSettings({});
    const partials: string[] = [];
    const stream = new ScriptedRecognizer(settings, new ScriptedCalls(settings, 'test')).open(
      { language: 'en-US', phrases: [] },
      { onPartial: (text) => partials.push(text) },
    );
    for (const samples of [new Int16Array(9000), speaking(640), new Int16Array(9000), speaking(640), new Int16Array(9000)]) {
      stream.push(samples);
      await new Promise(setImmediate);
    }
    assert.deepEqual(await stream.finish(), { outcome: 'words', text: 'utterance of 1300 ms' });
    assert.deepEqual(partials, ['utterance of 600 ms', 'utterance of 1300 ms']);
  });
});

describe('the scripted responder', () => {
  it('says back what it heard, or that it heard nothing', () => {
    assert.equal(scriptedReply(request('be kind', 'hello there')), 'You said: hello there.');
    assert.equal(scriptedReply(request('be kind', '')), 'I did not hear you.');
  });

  it('follows its script turn by turn and goes on without it afterwards', () => {
    const script = 'script:["One.","Two."]';
    assert.equal(scriptedReply(request(script, 'a')), 'One.');
    assert.equal(scriptedReply(request(script, 'a', 'One.', 'b')), 'Two.');
    assert.equal(scriptedReply(request(script, 'a', 'One.', 'b', 'Two.', 'c')), 'You said: c.');
  });

  it('refuses a script that is not a list of strings', () => {
    for (const script of ['script:', 'script:{"a":1}', 'script:[1]', 'script:["a"']) {
      assert.throws(() => scriptedReply(request(script, 'a')), (error: unknown) => error instanceof EngineError && !error.retryable);
    }
  });

  it('streams words and hangs up on goodbye', async () => {
    const settings = readScriptedSettings({});
    const responder = new ScriptedResponder(settings, new ScriptedCalls(settings, 'test'));
    assert.deepEqual(await collect(responder.respond(request('', 'Goodbye now'), signal)), [
      { kind: 'text', text: 'You' },
      { kind: 'text', text: ' said:' },
      { kind: 'text', text: ' Goodbye' },
      { kind: 'text', text: ' now.' },
      { kind: 'end_call' },
    ]);
  });
});

describe('scripted speech', () => {
  it('is the same in pieces as in whole and differs from text to text', () => {
    const whole = scriptedSpeech('one two');
    assert.equal(whole.length, scriptedSpeechLength('one two'));
    assert.equal(whole.length, 7 * 960);
    assert.deepEqual(scriptedSpeech('one two', 1000, 3000), whole.slice(1000, 3000));
    assert.notDeepEqual(scriptedSpeech('one twe'), whole);
  });

  it('is never longer than a minute', () => {
    assert.equal(scriptedSpeechLength('x'.repeat(5000)), 960_000);
  });
});
