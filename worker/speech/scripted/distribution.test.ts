import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drawMs, MAX_LATENCY_MS, parseDistribution, type Distribution } from './distribution.ts';
import { hashText, seededRandom } from './random.ts';

const DRAWS = 20_000;

function draws(text: string): number[] {
  const random = seededRandom(7);
  const distribution = parsed(text);
  return Array.from({ length: DRAWS }, () => drawMs(distribution, random)).sort((a, b) => a - b);
}

function parsed(text: string): Distribution {
  return parseDistribution(text) ?? assert.fail(`not understood: ${text}`);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function near(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);
}

describe('latency distributions', () => {
  it('are read from text', () => {
    assert.deepEqual(parsed('constant:12.5'), { kind: 'constant', ms: 12.5 });
    assert.deepEqual(parsed('uniform:10, 20'), { kind: 'uniform', fromMs: 10, toMs: 20 });
    assert.deepEqual(parsed('normal:100,15'), { kind: 'normal', meanMs: 100, deviationMs: 15 });
    assert.deepEqual(parsed('lognormal:200,0.5'), { kind: 'lognormal', medianMs: 200, sigma: 0.5 });
  });

  it('are not guessed from other text', () => {
    const wrong = [
      '', '5', 'constant', 'constant:', 'constant:1,2', 'constant:-1', 'constant:x', 'uniform:1', 'uniform:2,1', 'uniform:1,2,3',
      'normal:1', 'normal:1,', 'lognormal:1,Infinity', 'gamma:1,2', 'constant:1:2', '__proto__:1',
    ];
    for (const text of wrong) assert.equal(parseDistribution(text), undefined, text);
  });

  it('have the shape that their names promise', () => {
    assert.deepEqual(new Set(draws('constant:30')), new Set([30]));
    const uniform = draws('uniform:10,30');
    assert.ok((uniform[0] ?? 0) >= 10 && (uniform.at(-1) ?? 99) <= 30);
    near(mean(uniform), 20, 0.2);
    const normal = draws('normal:100,10');
    near(mean(normal), 100, 0.5);
    near(Math.sqrt(mean(normal.map((value) => (value - 100) ** 2))), 10, 0.5);
    const lognormal = draws('lognormal:200,0.5');
    near(lognormal[DRAWS / 2] ?? 0, 200, 4);
    near(lognormal[Math.floor(DRAWS * 0.8413)] ?? 0, 200 * Math.exp(0.5), 10);
  });

  it('never draw below zero or above the limit', () => {
    const wide = draws('normal:5,100');
    assert.equal(wide[0], 0);
    assert.equal(draws('lognormal:1000,50').at(-1), MAX_LATENCY_MS);
  });
});

describe('the seeded generator', () => {
  it('gives the same numbers for the same seed, on every machine', () => {
    const random = seededRandom(42);
    assert.deepEqual([random(), random(), random()], [0.6011037519201636, 0.44829055899754167, 0.8524657934904099]);
    assert.notEqual(seededRandom(1)(), seededRandom(2)());
  });

  it('stays in [0, 1) and is even', () => {
    const random = seededRandom(3);
    const values = Array.from({ length: DRAWS }, random);
    assert.ok(values.every((value) => value >= 0 && value < 1));
    near(mean(values), 0.5, 0.01);
  });

  it('hashes text as FNV-1a does', () => {
    assert.equal(hashText(''), 0x811c9dc5);
    assert.equal(hashText('foobar'), 0xbf9cf968);
  });
});
