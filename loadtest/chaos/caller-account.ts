import { eventsOf, type CallLog } from './call-log.ts';
import { Coverage } from './coverage.ts';
import { callOfUtterance, damagedIn, rangesIn } from './numbered-text.ts';

/** How the agent heard one caller, in samples. */
export interface CallerAccount {
  readonly spoken: number;
  /** Spoken and in no turn. */
  readonly lost: number;
  /** In more than one turn, or twice in one. */
  readonly repeated: number;
  /** In a turn, but after something spoken later. */
  readonly disordered: number;
  /** Heard, but neither silence nor anything a caller said. */
  readonly damaged: number;
  /** Heard, but said by another caller. */
  readonly foreign: number;
  /** Stored and never told the caller. */
  readonly untold: number;
}

/**
 * Accounts for every sample of the caller: what is stored of its turns (what the caller was told where the store could not
 * be read) against what was spoken. Utterances not spoken to their end are left out. Pure.
 */
export function accountCaller(log: CallLog): CallerAccount {
  const told = toldTranscripts(log);
  const heard = log.stored?.filter((text) => rangesIn(text).length > 0 || damagedIn(text) > 0) ?? told;
  const spoken = new Map(eventsOf(log, 'utterance').map(({ id, takenSamples }) => [id, takenSamples]));
  const { coverage, ...sums } = cover(heard, log.call);
  const toldCoverage = cover(told, log.call).coverage;
  let lost = 0;
  let untold = 0;
  for (const [id, samples] of spoken) {
    const missing = coverage.get(id)?.missing(samples) ?? samples;
    lost += missing;
    untold += Math.max(0, (toldCoverage.get(id)?.missing(samples) ?? samples) - missing);
  }
  return { spoken: [...spoken.values()].reduce((sum, samples) => sum + samples, 0), lost, untold, ...sums };
}

/** The newest final transcript of each turn, in the order of the turns: one told again replaces itself. */
function toldTranscripts(log: CallLog): string[] {
  const byTurn = new Map(eventsOf(log, 'transcript').map(({ turn, text }) => [turn, text]));
  return [...byTurn].sort(([one], [other]) => one - other).map(([, text]) => text);
}

function cover(transcripts: readonly string[], call: number): { coverage: Map<number, Coverage>; repeated: number; disordered: number; damaged: number; foreign: number } {
  const coverage = new Map<number, Coverage>();
  const sums = { repeated: 0, disordered: 0, damaged: 0, foreign: 0 };
  let newest = 0;
  for (const text of transcripts) {
    sums.damaged += damagedIn(text);
    for (const { id, from, to } of rangesIn(text)) {
      if (callOfUtterance(id) !== call) {
        sums.foreign += to - from;
        continue;
      }
      const covered = coverage.get(id) ?? new Coverage();
      coverage.set(id, covered);
      const { fresh, repeated, late } = covered.add(from, to);
      sums.repeated += repeated;
      sums.disordered += id < newest ? fresh : late;
      newest = Math.max(newest, id);
    }
  }
  return { coverage, ...sums };
}
