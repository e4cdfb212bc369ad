import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BiasDecodersCache } from './bias-decoders.ts';
import type { PocketSphinx } from './pocketsphinx.ts';
import type { BiasNews } from './recognizer-messages.ts';

const MODEL = '/usr/share/pocketsphinx/model/en-us';

/** The cache over a library that only counts its decoders, and what it told. */
function makeCache(): { cache: BiasDecodersCache; openDecoders: () => number; told: () => string[] } {
  let count = 0;
  const news: BiasNews[] = [];
  const library: PocketSphinx = {
    open: () => {
      count += 1;
      return { decode: () => '', free: () => (count -= 1) };
    },
  };
  const cache = new BiasDecodersCache(library, MODEL, (item) => news.push(item));
  return { cache, openDecoders: () => count, told: () => news.splice(0).map(({ kind, biasId }) => `${kind} ${biasId}`) };
}

describe('decoders of biases', () => {
  it('are opened once, and then need no phrases', () => {
    const { cache, told } = makeCache();
    const decoders = cache.get('a', ['hello']);
    assert.equal(cache.get('a'), decoders);
    assert.deepEqual(told(), ['opened a']);
    assert.throws(() => cache.get('b'), /without its phrases/);
  });

  it('are kept for sixteen biases, of which the least recently used one goes', () => {
    const { cache, openDecoders, told } = makeCache();
    for (let index = 0; index < 16; index += 1) cache.get(`${index}`, [`hello ${index}`]);
    cache.get('0');
    told();
    cache.get('one more', ['goodbye']);
    assert.deepEqual(told(), ['opened one more', 'dropped 1']);
    assert.equal(openDecoders(), 32);
  });

  it('of dictation count for as much as eight biases', () => {
    const { cache, openDecoders, told } = makeCache();
    for (let index = 0; index < 9; index += 1) cache.get(`${index}`, [`hello ${index}`]);
    told();
    cache.get('any', []);
    assert.deepEqual(told(), ['opened any', 'dropped 0']);
    cache.get('any too', ['...']);
    assert.equal(openDecoders(), 2);
  });
});
