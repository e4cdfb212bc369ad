import { setTimeout as sleep } from 'node:timers/promises';
import { ENVELOPE_TYPE } from '../shared/protocol/envelope.ts';
import type { GatewayFixture } from './gateway-fixture.ts';
import { frames, silence } from './speech/conformance/recordings.ts';

/** A tone that any energy detector takes for speech. */
export function loudTone(ms: number): Int16Array {
  return Int16Array.from({ length: ms * 16 }, (_, i) => Math.round(12_000 * Math.sin((2 * Math.PI * 300 * i) / 16_000)));
}

/** A moment of silence, speech, and a pause long enough to end the turn. */
export function turnOf(speech: Int16Array): Int16Array[] {
  return [silence(200), speech, silence(1200)];
}

/** Says the parts one after the other, in 20 ms frames at the pace of a microphone. */
export async function sayInRealTime(gateway: GatewayFixture, parts: readonly Int16Array[]): Promise<void> {
  const startedMs = performance.now();
  let sentMs = 0;
  for (const frame of parts.flatMap((part) => [...frames(part)])) {
    gateway.send(ENVELOPE_TYPE.audio, new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength));
    sentMs += 20;
    const aheadMs = sentMs - (performance.now() - startedMs);
    if (aheadMs > 0) await sleep(aheadMs);
  }
}
