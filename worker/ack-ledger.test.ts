import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AckLedger } from './ack-ledger.ts';

test('nothing received, nothing more is committed than the record says', () => {
  const ledger = new AckLedger(41);
  assert.deepEqual([ledger.committed, ledger.received], [41, 41]);
});

test('audio is committed up to where it is known to be done', () => {
  const ledger = new AckLedger(0);
  for (const seq of [1, 2, 3, 4]) ledger.audioReceived(seq);
  assert.equal(ledger.committed, 0);
  ledger.audioDone(3);
  assert.deepEqual([ledger.committed, ledger.received], [3, 4]);
});

test('a text holds back everything after it until it is stored', () => {
  const ledger = new AckLedger(0);
  ledger.audioReceived(1);
  ledger.textReceived(2);
  ledger.audioReceived(3);
  ledger.audioDone(3);
  assert.equal(ledger.committed, 1);
  ledger.textDone(2);
  assert.equal(ledger.committed, 3);
});

test('texts stored out of order are committed in order', () => {
  const ledger = new AckLedger(0);
  for (const seq of [1, 2, 3]) ledger.textReceived(seq);
  ledger.textDone(3);
  ledger.textDone(2);
  assert.equal(ledger.committed, 0);
  ledger.textDone(1);
  assert.equal(ledger.committed, 3);
});

test('where no audio is open, texts alone decide', () => {
  const ledger = new AckLedger(7);
  ledger.textReceived(8);
  ledger.textDone(8);
  assert.equal(ledger.committed, 8);
});

test('what a write would commit is known before the write, and is committed only after it', () => {
  const ledger = new AckLedger(0);
  ledger.audioReceived(1);
  ledger.textReceived(2);
  ledger.audioReceived(3);
  assert.equal(ledger.committedWith([{ audio: 3 }]), 1);
  assert.equal(ledger.committedWith([{ audio: 3 }, { text: 2 }]), 3);
  assert.equal(ledger.committedWith([{ text: 2 }]), 0);
  assert.equal(ledger.committed, 0);
  ledger.stored({ audio: 3 });
  ledger.stored({ text: 2 });
  assert.equal(ledger.committed, 3);
});

type Act =
  | { readonly act: 'audio' | 'text' }
  /** Done up to, or being, one of the frames received. */
  | { readonly act: 'audioDone' | 'textDone'; readonly pick: number };

const acts = fc.array(
  fc.oneof(
    fc.record({ act: fc.constantFrom('audio' as const, 'text' as const) }),
    fc.record({ act: fc.constantFrom('audioDone' as const, 'textDone' as const), pick: fc.nat() }),
  ),
  { maxLength: 60 },
);

/** Every frame of its own with whether it is done: slow and obviously right. */
class NaiveLedger {
  readonly frames: { readonly kind: 'audio' | 'text'; readonly seq: number; done: boolean }[] = [];

  audioDone(seq: number): void {
    for (const frame of this.frames) if (frame.kind === 'audio' && frame.seq <= seq) frame.done = true;
  }

  textDone(seq: number): void {
    for (const frame of this.frames) if (frame.kind === 'text' && frame.seq === seq) frame.done = true;
  }

  committed(from: number): number {
    const firstOpen = this.frames.find(({ done }) => !done);
    return firstOpen === undefined ? (this.frames.at(-1)?.seq ?? from) : firstOpen.seq - 1;
  }
}

test('whatever comes and is done, never is more committed than lies before the first frame not done, all of it once all is done, and never less than before', () => {
  fc.assert(
    fc.property(fc.nat(1000), acts, (from, steps: readonly Act[]) => {
      const ledger = new AckLedger(from);
      const naive = new NaiveLedger();
      let seq = from;
      let before = from;
      for (const step of steps) {
        seq = carryOut(ledger, naive, step, seq);
        const { committed } = ledger;
        assert.ok(committed <= naive.committed(from), `${committed} is committed, ${naive.committed(from)} may be`);
        assert.ok(committed >= before);
        assert.equal(ledger.received, seq);
        before = committed;
      }
      ledger.audioDone(seq);
      for (const { kind, seq: text } of naive.frames) if (kind === 'text') ledger.textDone(text);
      assert.equal(ledger.committed, seq);
    }),
    { numRuns: 1000 },
  );
});

test('what a write would commit is what is committed once it is stored', () => {
  fc.assert(
    fc.property(acts, fc.array(fc.nat(), { maxLength: 3 }), fc.nat(), (steps: readonly Act[], textPicks, audioPick) => {
      const ledger = new AckLedger(0);
      const naive = new NaiveLedger();
      let seq = 0;
      for (const step of steps) seq = carryOut(ledger, naive, step, seq);
      const write = [...textPicks.map((pick) => ({ text: pick % (seq + 1) })), { audio: audioPick % (seq + 1) }];
      const expected = ledger.committedWith(write);
      for (const stored of write) ledger.stored(stored);
      assert.equal(ledger.committed, expected);
    }),
  );
});

/** Does the same to both; answers the newest seq. */
function carryOut(ledger: AckLedger, naive: NaiveLedger, step: Act, seq: number): number {
  if (!('pick' in step)) {
    naive.frames.push({ kind: step.act, seq: seq + 1, done: false });
    if (step.act === 'audio') ledger.audioReceived(seq + 1);
    else ledger.textReceived(seq + 1);
    return seq + 1;
  }
  const done = naive.frames[step.pick % Math.max(1, naive.frames.length)]?.seq;
  if (done === undefined) return seq;
  ledger[step.act](done);
  naive[step.act](done);
  return seq;
}
