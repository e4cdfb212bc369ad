import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SpokenCall } from '../../loadtest/spoken-call.ts';
import { SessionRequestError, type AgentRequest } from '../../shared/client/session-request.ts';
import { startFleet, type Fleet } from '../../shared/testing/fleet.ts';
import { DASHBOARD_PLANS } from '../grafana/plans.ts';
import { startWatchers, type Watchers } from './watchers-fixture.ts';

const RATE_HZ = 16_000;
const SLOTS = 2;
const AGENT: AgentRequest = { instructions: 'repeat', engines: { voice_activity: 'scripted', recognizer: 'scripted', responder: 'scripted', synthesizer: 'scripted' } };
/** Half a second of speech and a second and a half of silence, again and again. */
const SPEECH = Int16Array.from({ length: 60 * RATE_HZ }, (_, i) => (i % (2 * RATE_HZ) < RATE_HZ / 2 ? Math.round(9000 * Math.sin((2 * Math.PI * 440 * i) / RATE_HZ)) : 0));

describe('a fleet that is watched by a real Prometheus and a real Alertmanager', { timeout: 290_000 }, () => {
  let fleet: Fleet;
  let watchers: Watchers;
  let callers: Callers;

  before(async () => {
    fleet = await startFleet({ workerEnv: { SLOTS: String(SLOTS) }, gatewayEnv: { ADMISSION_WAIT_MS: '1000' }, env: { METRICS_COLLECTION_INTERVAL: '1' } });
    watchers = await startWatchers(fleet.gatewayUrls.map(hostOf), fleet.workers.map(({ adminUrl }) => hostOf(adminUrl)));
    callers = new Callers(fleet.gatewayUrls[0] ?? '');
  });
  after(async () => {
    await callers.stop();
    await watchers.stop();
    await fleet.stop();
  });

  test('callers who are turned away reach an operator’s webhook, with the way to the runbook', async () => {
    for (let i = 0; i < SLOTS; i += 1) callers.stay();
    callers.comeAndGo();
    const alert = await watchers.alert('VoxfleetCallersRefused', 'firing', 120_000);
    assert.equal(alert.labels['severity'], 'critical');
    assert.match(alert.annotations['description'] ?? '', /^[\d.]+ callers were turned away within five minutes\.$/);
    assert.equal(alert.annotations['runbook_url'], 'docs/runbook.md#voxfleetcallersrefused');
  });

  for (const { title, panels } of DASHBOARD_PLANS) {
    test(`every panel of "${title}" shows something while calls are under way`, async () => {
      for (const { title: panel, queries } of panels) {
        for (const { expr } of queries) await shown(expr, panel);
      }
    });
  }

  test('the all-clear follows when nobody is turned away any more', async () => {
    await callers.stop();
    await watchers.alert('VoxfleetCallersRefused', 'resolved', 120_000);
  });

  /** Windows are filled by what happens while the test runs: some seconds of patience. */
  async function shown(expr: string, panel: string): Promise<void> {
    const asked = expr.replaceAll('$__rate_interval', '20s');
    for (let attempt = 0; attempt < 60; attempt += 1) {
      const samples = await watchers.query(asked);
      if (samples.some(({ value }) => Number.isFinite(value))) return;
      await sleep(1000);
    }
    assert.fail(`the panel "${panel}" is empty: ${asked}`);
  }
});

/** People who call one gateway. */
class Callers {
  readonly #gatewayUrl: string;
  readonly #calls: SpokenCall[] = [];
  readonly #stopped = new AbortController();
  #coming: Promise<void> = Promise.resolve();

  constructor(gatewayUrl: string) {
    this.#gatewayUrl = gatewayUrl;
  }

  /** One who talks until the end; who is not taken in time, on a busy machine, calls again. */
  stay(): void {
    this.#coming = this.#coming.then(async () => {
      while (!this.#stopped.signal.aborted) {
        const call = await this.#place();
        const [taken] = await Promise.allSettled([call.until(() => call.notices.some(({ type }) => type === 'ready'))]);
        if (taken.status === 'fulfilled') return void this.#calls.push(call);
        await this.#end(call);
      }
    });
  }

  /** One after the other, each leaving once it is turned away. */
  comeAndGo(): void {
    this.#coming = this.#coming.then(async () => {
      while (!this.#stopped.signal.aborted) {
        const call = await this.#place();
        await Promise.allSettled([call.until(() => call.notices.some(({ type }) => type === 'turn'))]);
        await this.#end(call);
      }
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#coming;
    for (const call of this.#calls.splice(0)) await this.#end(call);
  }

  #place(): Promise<SpokenCall> {
    return SpokenCall.place({ gatewayUrl: this.#gatewayUrl, agent: AGENT, speech: SPEECH });
  }

  async #end(call: SpokenCall): Promise<void> {
    try {
      await call.hangUp();
    } catch (error) {
      // A session that is over already needs no end.
      if (!(error instanceof SessionRequestError)) throw error;
    }
  }
}

function hostOf(url: string): string {
  return new URL(url).host;
}
