import { createLog } from '../../../shared/runtime/log.ts';
import { embeddedEngine } from '../embedded/engine.ts';
import { INTERNAL_RATE_HZ, type EngineContext, type EngineModule } from '../ports.ts';
import { scriptedEngine } from '../scripted/engine.ts';
import { hostedFixture, hostedTranscript } from '../openai-compatible/hosted-fixture.ts';
import { openaiEngine } from '../openai-compatible/engine.ts';
import { HOSTED_SPEECH_RATE_HZ } from '../openai-compatible/synthesizer.ts';
import { describeRecognizer } from './recognizer-conformance.ts';
import { goForward, goSomewhere } from './recordings.ts';
import { describeResponder } from './responder-conformance.ts';
import { describeSynthesizer } from './synthesizer-conformance.ts';
import { describeVoiceActivity } from './voice-activity-conformance.ts';

const context: EngineContext = { env: {}, log: createLog({ tier: 'test', id: 'conformance', level: 'silent' }) };
const first = goForward();
const second = goSomewhere();
const hosted = hostedFixture();
const bias = { language: 'en-US', phrases: [first.words, second.words, 'stop here', 'turn to the left'] };

/** The maker of an engine that a module is known to have. */
function maker<T>(
  module: EngineModule,
  make: ((context: EngineContext) => Promise<T>) | undefined,
  makeContext: () => Promise<EngineContext> = async () => context,
): () => Promise<T> {
  return async () => make?.(await makeContext()) ?? Promise.reject(new Error(`the module ${module.name} does not serve this need`));
}

describeVoiceActivity('scripted', maker(scriptedEngine, scriptedEngine.voiceActivity), { speech: first.samples });
describeVoiceActivity('embedded', maker(embeddedEngine, embeddedEngine.voiceActivity), { speech: first.samples });

describeRecognizer('scripted', maker(scriptedEngine, scriptedEngine.recognizer), {
  bias,
  first: { samples: first.samples, words: /^utterance of \d+00 ms$/ },
  second: { samples: second.samples.slice(0, INTERNAL_RATE_HZ), words: /^utterance of \d00 ms$/ },
});
describeRecognizer('embedded', maker(embeddedEngine, embeddedEngine.recognizer), {
  bias,
  first: { samples: first.samples, words: new RegExp(`^${first.words}$`, 'i') },
  second: { samples: second.samples, words: new RegExp(`^${second.words}$`, 'i') },
});

describeResponder('scripted', maker(scriptedEngine, scriptedEngine.responder), {
  instructions: '',
  first: { said: 'good morning', answer: /^You said: good morning\.$/ },
  second: { said: 'it rains', answer: /^You said: it rains\.$/ },
  farewell: 'goodbye',
});
describeResponder('embedded', maker(embeddedEngine, embeddedEngine.responder), {
  instructions: 'You are the voice of the fleet.',
  first: { said: 'what is two plus three', answer: /five|5/i },
  second: { said: 'count to three', answer: /one.*two.*three|1.*2.*3/is },
  farewell: 'goodbye',
});

describeSynthesizer('scripted', maker(scriptedEngine, scriptedEngine.synthesizer), { sampleRateHz: INTERNAL_RATE_HZ, repeatable: true });
describeSynthesizer('embedded', maker(embeddedEngine, embeddedEngine.synthesizer), { sampleRateHz: INTERNAL_RATE_HZ, repeatable: true });

describeRecognizer('openai', maker(openaiEngine, openaiEngine.recognizer, hosted.context), {
  bias,
  first: { samples: first.samples, words: new RegExp(`^${hostedTranscript(first.samples)}$`) },
  second: { samples: second.samples, words: new RegExp(`^${hostedTranscript(second.samples)}$`) },
});
describeResponder('openai', maker(openaiEngine, openaiEngine.responder, hosted.context), {
  instructions: 'Be brief.',
  first: { said: 'good morning', answer: /Du sagst: good morning/ },
  second: { said: 'it rains', answer: /Du sagst: it rains/ },
});
describeSynthesizer('openai', maker(openaiEngine, openaiEngine.synthesizer, hosted.context), {
  sampleRateHz: HOSTED_SPEECH_RATE_HZ,
  repeatable: true,
});
