import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { samplesFromPcm } from '../shared/audio/pcm.ts';
import type { CallTimeline, TimelineEntry } from '../shared/protocol/call-timeline.ts';
import { LATENCY_STAGES } from '../shared/protocol/agent-event.ts';
import { startFleet, type Fleet } from '../shared/testing/fleet.ts';
import { SpokenCall } from './spoken-call.ts';

/** More than any answer takes. */
const PATIENCE_MS = 60_000;

describe('a call as operators see it', { timeout: 280_000 }, () => {
  let fleet: Fleet;
  before(async () => {
    fleet = await startFleet({ gateways: 2, workers: 1 });
  });
  after(() => fleet.stop());

  async function asked(path: string): Promise<{ readonly status: number; readonly body: unknown }> {
    const response = await fetch(`${fleet.gatewayUrls[1] ?? ''}${path}`);
    return { status: response.status, body: await response.json() };
  }

  /** Until the turn is stored to its end: another gateway than the caller's tells it. */
  async function timelineOf(sessionId: string, isComplete: (entries: readonly TimelineEntry[]) => boolean): Promise<CallTimeline> {
    const deadlineMs = Date.now() + PATIENCE_MS;
    for (;;) {
      const call = (await asked(`/fleet/calls/${sessionId}`)).body as CallTimeline;
      if (isComplete(call.entries)) return call;
      assert.ok(Date.now() < deadlineMs, JSON.stringify(call));
      await sleep(100);
    }
  }

  test('tells what was heard, how long each stage took, what the agent said and why it stopped', async () => {
    const speech = samplesFromPcm(readFileSync('/usr/share/pocketsphinx/test/data/goforward.raw'));
    const caller = await SpokenCall.place({ gatewayUrl: fleet.gatewayUrls[0] ?? '', agent: { instructions: 'repeat', hints: ['go forward ten meters'] }, speech });
    assert.deepEqual(await caller.finished(PATIENCE_MS), { kind: 'answered' });
    const call = await timelineOf(caller.sessionId, (entries) => entries.some(({ kind }) => kind === 'agent'));
    assert.deepEqual([call.session_id, call.state, call.fence], [caller.sessionId, 'active', 1]);
    assert.deepEqual(call.entries.map(({ kind, turn }) => [kind, turn]), [['caller', 1], ['stages', 1], ['mark', 1], ['agent', 1]]);
    assert.deepEqual(call.entries.flatMap((entry) => ('text' in entry ? [entry.text] : [])), ['go forward ten meters', 'go forward ten meters']);
    const [stages, mark] = [call.entries[1], call.entries[2]];
    assert.deepEqual(stages?.kind === 'stages' && Object.keys(stages.stages).sort(), [...LATENCY_STAGES].sort());
    assert.match(mark?.kind === 'mark' ? mark.words : '', /all was played/);
    await caller.hangUp();
  });

  test('an unknown call is 404 with a code and an id that operators find', async () => {
    const { status, body } = await asked('/fleet/calls/never-there');
    const { code, error_id: errorId } = (body as { readonly error: { readonly code: string; readonly error_id: string } }).error;
    assert.deepEqual([status, code], [404, 'session_not_found']);
    const deadlineMs = Date.now() + PATIENCE_MS;
    while (!JSON.stringify((await asked('/errors')).body).includes(errorId)) {
      assert.ok(Date.now() < deadlineMs, 'the error is written down');
      await sleep(100);
    }
  });
});
