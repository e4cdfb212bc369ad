import type { Judgement } from './judgement.ts';
import type { Verdict } from './trial.ts';

/** Every promise that holds for this run's trial. Pure. */
export function verdictsOf({ trial, counts, extraSilence, more = [] }: Judgement): Verdict[] {
  const { caller, agent, words, calls, callsLost } = counts;
  const verdicts = [
    none('no call lost', callsLost, `of ${calls}`),
    none('no word of the caller lost', words.lost, `of ${words.said} words`),
    none('no sample of the caller lost', caller.lost + caller.damaged, `of ${caller.spoken}`),
    none('nothing of the caller heard twice or out of order', caller.repeated + caller.disordered + caller.foreign + words.added, 'samples and words'),
    none('no sample of the agent lost', agent.lost + agent.damaged, `of ${agent.heard}`),
    none('every utterance answered', agent.unanswered, 'unanswered'),
    ...(trial.mayRepeat === true
      ? [none('no sentence of the agent skipped', agent.sentencesSkipped, 'sentences'), none('nothing of the agent out of order', agent.disordered + agent.foreign, 'samples')]
      : [none('no sentence of the agent repeated or skipped', agent.sentencesRepeated + agent.sentencesSkipped, 'sentences'), none('nothing of the agent repeated or out of order', agent.repeated + agent.disordered + agent.foreign, 'samples')]),
    ...(trial.mayRepeat === true ? [] : [none('never two voices', agent.doubleVoices, 'times')]),
    none('every text answered exactly once', counts.questionsUnanswered + counts.answersTooMany, `of ${counts.questions}`),
  ];
  const { mostExtraMs } = trial;
  if (mostExtraMs === undefined) return [...verdicts, ...more];
  const isKept = extraSilence.p99 <= mostExtraMs;
  return [...verdicts, ...more, { promise: `at most ${mostExtraMs / 1000} s of extra silence (p99)`, measured: `${Math.round(extraSilence.p99)} ms`, isKept, isTimed: true }];
}

function none(promise: string, count: number, of: string): Verdict {
  return { promise, measured: `${count} ${of}`, isKept: count === 0, isTimed: false };
}
