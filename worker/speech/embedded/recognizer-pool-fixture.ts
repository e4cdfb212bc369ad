import type { EngineError } from '../ports.ts';
import { BiasNames, type Bias } from './bias-names.ts';
import { RecognizerPool } from './recognizer-pool.ts';

/**
 * Stands for the decoding thread. It answers with the first phrase of the bias, dies of "die", never answers to "hang",
 * drops every bias at "forget", and answers "journal" with a list of everything it was asked so far, itself included.
 */
const SCRIPT = new URL(`data:text/javascript,${encodeURIComponent(`
  import { parentPort } from 'node:worker_threads';
  const biases = new Map();
  const journal = [];
  parentPort.on('message', ({ biasId, phrases, work: { kind, samples } }) => {
    if (phrases !== undefined && !biases.has(biasId)) {
      biases.set(biasId, phrases[0] ?? 'dictation');
      parentPort.postMessage({ kind: 'opened', biasId, report: {} });
    }
    const phrase = biases.get(biasId);
    if (phrase === undefined) throw new Error('a bias it does not know');
    journal.push({ kind, phrase, isTold: phrases !== undefined, samples: samples?.length ?? 0 });
    if (phrase === 'die') throw new Error('asked to');
    if (phrase === 'hang') return;
    if (phrase === 'forget') {
      for (const id of biases.keys()) parentPort.postMessage({ kind: 'dropped', biasId: id });
      biases.clear();
    }
    const text = phrase === 'journal' ? JSON.stringify(journal) : phrase;
    if (kind === 'warm') parentPort.postMessage({ kind });
    else if (kind === 'partial') parentPort.postMessage({ kind, text });
    else parentPort.postMessage({ kind, transcript: { outcome: 'words', text } });
  });
`)}`);

/** One request as the thread saw it. */
export interface JournalEntry {
  readonly kind: 'warm' | 'partial' | 'final';
  readonly phrase: string;
  /** The phrases came with it. */
  readonly isTold: boolean;
  readonly samples: number;
}

export interface PoolFixture {
  readonly pool: RecognizerPool;
  readonly crashes: readonly EngineError[];
  readonly bias: (...phrases: readonly string[]) => Bias;
  /** Everything the thread of a pool of one lane was asked so far, this question not included; waits for what waits. */
  readonly journal: () => Promise<readonly JournalEntry[]>;
}

/** Runs a test on a pool of so many lanes over the thread above, and closes it. */
export async function withPool(lanes: number, test: (fixture: PoolFixture) => Promise<void>): Promise<void> {
  const crashes: EngineError[] = [];
  const names = new BiasNames();
  const bias = (...phrases: readonly string[]): Bias => names.of(phrases);
  const settings = { library: '', model: '' };
  const pool = new RecognizerPool({ lanes, script: SCRIPT, settings, onOpened: () => undefined, onCrash: (error) => crashes.push(error) });
  const journal = async (): Promise<readonly JournalEntry[]> => {
    const transcript = await pool.decodeFinal(bias('journal'), new Int16Array(1)).transcript;
    const entries: JournalEntry[] = transcript.outcome === 'words' ? JSON.parse(transcript.text) : [];
    return entries.filter(({ phrase }) => phrase !== 'journal');
  };
  try {
    await test({ pool, crashes, bias, journal });
  } finally {
    await pool.close();
  }
}
