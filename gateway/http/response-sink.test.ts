import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseSink, type OpenResponse } from './response-sink.ts';

/** A response whose asker takes nothing after the first piece, until `drain`. */
class StuckResponse implements OpenResponse {
  readonly did: string[] = [];
  drain: () => boolean = () => false;
  onAborted: () => void = () => undefined;

  cork(work: () => void): void {
    work();
  }

  write(piece: string): boolean {
    this.did.push(piece);
    return false;
  }

  onWritable(handler: () => boolean): void {
    this.drain = handler;
  }

  end(): void {
    this.did.push('end');
  }

  close(): void {
    this.did.push('close');
    this.onAborted();
  }
}

function opened(): { response: StuckResponse; sink: ResponseSink; gone: () => number } {
  const response = new StuckResponse();
  const sink = new ResponseSink(response);
  response.onAborted = () => sink.forget();
  let left = 0;
  sink.open(() => response.did.push('head'), () => () => (left += 1));
  return { response, sink, gone: () => left };
}

test('what an asker does not take is left out whole, until there is room again', () => {
  const { response, sink } = opened();
  assert.deepEqual([sink.write('one'), sink.write('two')], [true, false]);
  assert.equal(response.drain(), true);
  assert.equal(sink.write('three'), true);
  assert.deepEqual(response.did, ['head', 'one', 'three']);
});

test('an asker that is cut off is gone once, and its response is not touched any more', () => {
  const { response, sink, gone } = opened();
  sink.cut();
  sink.cut();
  sink.end();
  assert.equal(sink.write('late'), false);
  sink.forget();
  assert.deepEqual([response.did, gone()], [['head', 'close'], 1]);
});
