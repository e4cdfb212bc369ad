import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decide, type Comparison, type Measured, type Presence } from './decision.ts';
import { RULES, type Rule } from './rules.ts';

const BOTH: Presence = { gateway: { canary: 1, stable: 5 }, worker: { canary: 1, stable: 5 } };
const PLENTY = 5000;

/** How a version does that does well: nothing bad in plenty, turns within half a second. */
function well(rule: Rule): Measured {
  if (rule.kind === 'percentile') return { value: 0.5, of: PLENTY };
  return { value: 0, of: rule.kind === 'share' ? PLENTY : 0 };
}

/** Both versions do well but for what `changes` say of the rules with these words. */
function compared(changes: (rule: Rule) => Partial<Comparison> = () => ({})): Comparison[] {
  return RULES.map((rule) => ({ rule, canary: well(rule), stable: well(rule), ...changes(rule) }));
}

const where = (words: RegExp, change: Partial<Comparison>) => (rule: Rule): Partial<Comparison> => (words.test(`${rule.tier} ${rule.words}`) ? change : {});

describe('a canary', () => {
  test('is promoted when it did well in plenty', () => {
    assert.equal(decide(compared(), BOTH).verdict, 'promote');
  });

  test('is held while it has had too few turns to be judged, and told how many more', () => {
    const few = compared((rule) => ({ canary: { ...well(rule), of: rule.kind === 'none' || rule.kind === 'restarts' ? 0 : 40 } }));
    const { verdict, reasons } = decide(few, BOTH);
    assert.equal(verdict, 'hold');
    assert.ok(reasons.some((reason) => /40 \(0\.0 %\).*\d+ more would tell/.test(reason)), reasons.join('\n'));
    assert.ok(reasons.some((reason) => reason.includes('judged from 300 turns on')), reasons.join('\n'));
  });

  test('is held where it was not seen at all', () => {
    const nobody = { gateway: { canary: 0, stable: 5 }, worker: { canary: 0, stable: 5 } };
    assert.deepEqual(decide(compared(), nobody), { verdict: 'hold', reasons: ['no process of the canary was seen in the window'], findings: [] });
  });

  test('of one tier is judged by what concerns that tier', () => {
    const workers: Presence = { ...BOTH, gateway: { canary: 0, stable: 5 } };
    const { verdict, findings } = decide(compared(where(/^gateway/, { canary: { value: PLENTY, of: PLENTY } })), workers);
    assert.equal(verdict, 'promote');
    assert.ok(findings.length > 0 && findings.every(({ rule }) => rule.tier === 'worker'));
  });

  for (const rule of RULES) {
    test(`is rolled back for ${rule.tier}: ${rule.words}, which the stable version does not have`, () => {
      const bad = compared((each) => (each === rule ? { canary: { value: rule.kind === 'percentile' ? 3 : PLENTY / 2, of: PLENTY } } : {}));
      const { verdict, reasons } = decide(bad, BOTH);
      assert.equal(verdict, 'rollback');
      assert.match(reasons[0] ?? '', new RegExp(`^${rule.tier}: ${rule.words}`));
    });
  }

  test('is not blamed for what the stable version does as well', () => {
    const late = where(/later than/, { canary: { value: 300, of: PLENTY }, stable: { value: 290, of: PLENTY } });
    const p99 = where(/p99/, { canary: { value: 2.2, of: PLENTY }, stable: { value: 2, of: PLENTY } });
    assert.equal(decide(compared((rule) => ({ ...late(rule), ...p99(rule) })), BOTH).verdict, 'promote');
  });

  test('is blamed for doing more than twice as badly', () => {
    const late = where(/later than/, { canary: { value: 800, of: PLENTY }, stable: { value: 290, of: PLENTY } });
    assert.equal(decide(compared(late), BOTH).verdict, 'rollback');
  });

  test('is not rolled back for one bad turn of few: that may be chance', () => {
    const one = where(/engine calls/, { canary: { value: 1, of: 30 } });
    assert.equal(decide(compared(one), BOTH).verdict, 'hold');
  });

  test('is rolled back for most of few', () => {
    const most = where(/engine calls/, { canary: { value: 6, of: 8 } });
    assert.equal(decide(compared(most), BOTH).verdict, 'rollback');
  });

  test('is measured by the promise alone where the stable version has had next to nothing to do', () => {
    const lucky = where(/engine calls/, { canary: { value: 400, of: PLENTY }, stable: { value: 1, of: 2 } });
    assert.equal(decide(compared(lucky), BOTH).verdict, 'rollback');
  });

  test('is not held for a lost call that the stable version lost as well, nor for rare things that nothing speaks for', () => {
    const both = where(/calls lost/, { canary: { value: 1, of: 0 }, stable: { value: 1, of: 0 } });
    const none = where(/refused/, { canary: { value: 0, of: 0 } });
    assert.equal(decide(compared((rule) => ({ ...both(rule), ...none(rule) })), BOTH).verdict, 'promote');
  });
});
