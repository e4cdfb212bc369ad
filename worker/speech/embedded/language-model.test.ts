import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { arpaLanguageModel } from './language-model.ts';

const PHRASES = ['ten of clubs', 'four queen of clubs', 'seven of clubs', 'five five', 'go forward ten meters', 'go'].map((phrase) => phrase.split(' '));

describe('language model', () => {
  it('counts its n-grams in the head of the file', () => {
    const text = arpaLanguageModel([['go', 'forward']]);
    assert.match(text, /^\\data\\\nngram 1=4\nngram 2=3\nngram 3=2\n\n\\1-grams:\n/);
    assert.match(text, /\n\\end\\\n$/);
    assert.equal(text.match(/^-?\d+\.\d+ go forward <\/s>$/m)?.length, 1);
  });

  it('gives each history followers that sum to one', () => {
    const model = readArpa(arpaLanguageModel(PHRASES));
    const words = [...model.keys()].filter((key) => !key.includes(' ') && key !== '<s>');
    for (const history of ['', '<s>', 'of', 'five', 'ten', '<s> go', 'queen of', 'of clubs', 'five five']) {
      const sum = words.reduce((total, word) => total + probability(model, history, word), 0);
      assert.ok(Math.abs(sum - 1) < 0.001, `after "${history}": ${sum}`);
    }
  });

  it('prefers what it was given and allows what it was not', () => {
    const model = readArpa(arpaLanguageModel(PHRASES));
    assert.ok(probability(model, 'ten of', 'clubs') > 0.5);
    const novel = probability(model, 'ten of', 'queen');
    assert.ok(novel > 0 && novel < 0.1, String(novel));
  });

  it('is not swayed by a phrase given twice', () => {
    assert.equal(arpaLanguageModel([...PHRASES, ['go'], ['go']]), arpaLanguageModel(PHRASES));
  });

  it('refuses to be made of nothing', () => {
    assert.throws(() => arpaLanguageModel([]), RangeError);
    assert.throws(() => arpaLanguageModel([[]]), RangeError);
  });
});

type Arpa = ReadonlyMap<string, { readonly log: number; readonly backoff: number }>;

/** Reads back what the decoder would, by the format's own rules. */
function readArpa(text: string): Arpa {
  const grams = new Map<string, { log: number; backoff: number }>();
  let order = 0;
  for (const line of text.split('\n')) {
    const section = /^\\(\d)-grams:$/.exec(line);
    if (section !== null) order = Number(section[1]);
    const fields = line.split(' ');
    if (order === 0 || fields.length < order + 1) continue;
    grams.set(fields.slice(1, order + 1).join(' '), { log: Number(fields[0]), backoff: Number(fields[order + 1] ?? 0) });
  }
  return grams;
}

function probability(model: Arpa, history: string, word: string): number {
  const seen = model.get(`${history} ${word}`.trim());
  if (seen !== undefined) return 10 ** seen.log;
  if (history === '') return 0;
  const shorter = history.includes(' ') ? history.slice(history.indexOf(' ') + 1) : '';
  return 10 ** (model.get(history)?.backoff ?? 0) * probability(model, shorter, word);
}
