import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import type { SessionConfig } from '../../shared/protocol/agent-config.ts';
import { LATENCY_STAGES, type StageLatencies } from '../../shared/protocol/agent-event.ts';
import { DEFAULT_AUDIO_FORMAT } from '../../shared/protocol/audio-format.ts';
import { loadConfig } from '../../shared/runtime/env.ts';
import { createLog } from '../../shared/runtime/log.ts';
import { Registry } from '../../shared/runtime/metrics.ts';
import { TRACING_SETTINGS } from '../../shared/runtime/tracing-settings.ts';
import { startTracing, type Tracer } from '../../shared/runtime/tracing.ts';
import { Engines } from '../speech/engines.ts';
import { scriptedEngine } from '../speech/scripted/engine.ts';
import type { TurnEffect } from '../turn/turn-event.ts';
import { SessionTrace } from './session-trace.ts';
import { traced } from './traced-engines.ts';

// Prints what traces cost; speed is not asserted, because it is the machine's. docs/operations.md has the numbers of one.

const TURNS = 2000;
const OFF_TURNS = 400_000;
const CONFIG: SessionConfig = {
  sessionId: 'call', tags: [], lane: 'normal', input: DEFAULT_AUDIO_FORMAT, output: DEFAULT_AUDIO_FORMAT, tokenHash: '', createdAtMs: 1,
  agent: { instructions: '', language: 'en-US', hints: [], engines: {}, speak_text: false },
};
const STAGES = Object.fromEntries(LATENCY_STAGES.map((stage) => [stage, 12.3])) as StageLatencies;
/** Answers everything at once, in a process of its own. */
const COLLECTOR = `require('node:http').createServer((q,r)=>q.resume().on('end',()=>r.end('{}'))).listen(0,'127.0.0.1',function(){console.log(this.address().port)})`;

test('without traces a session has no trace and the very engines that there are', () => {
  const engines = new Engines({
    modules: [scriptedEngine], context: { env: {}, log: createLog({ tier: 'test', id: 'test', level: 'silent' }) },
    defaults: { voice_activity: 'scripted', recognizer: 'scripted', responder: 'scripted', synthesizer: 'scripted' },
  });
  const session = { config: CONFIG, lease: { sessionId: 'call', workerId: 'w', fence: 1 }, items: [], trace: undefined } as const;
  const off = traced(engines, undefined, 'w', session);
  assert.equal(off.trace, undefined);
  assert.equal(off.engines, engines);
});

test('what a turn costs where traces are off, and where they are on', async (context) => {
  for (let round = 0; round < 2; round++) for (let turn = 1; turn <= OFF_TURNS / 10; turn++) hooks(undefined, turn);
  const offMs = timed(() => {
    for (let turn = 1; turn <= OFF_TURNS; turn++) hooks(undefined, turn);
  });
  context.diagnostic(`off: ${((offMs * 1e6) / OFF_TURNS).toFixed(0)} ns a turn`);

  const url = await collector(context);
  const rssBefore = process.memoryUsage.rss();
  const startedMs = performance.now();
  const tracer = await tracing(url, 'always_on');
  context.diagnostic(`loading: ${(performance.now() - startedMs).toFixed(0)} ms, ${((process.memoryUsage.rss() - rssBefore) / 1e6).toFixed(0)} MB`);
  await turns(tracer);
  const cpu = process.cpuUsage();
  const sampledUs = await turns(tracer);
  await tracer.stop(10_000);
  const { user, system } = process.cpuUsage(cpu);
  context.diagnostic(`on, recorded: ${sampledUs.toFixed(0)} µs a turn until its ${SPANS_A_TURN} spans are in the queue, ${((user + system) / TURNS).toFixed(0)} µs CPU in all, sending included`);

  const dropping = await tracing(url, 'always_off');
  const droppedUs = await turns(dropping);
  await dropping.stop(10_000);
  context.diagnostic(`on, not sampled: ${droppedUs.toFixed(0)} µs a turn`);
});

const EFFECTS_BEFORE: readonly ((turn: number) => TurnEffect)[] = [
  (turn) => ({ type: 'start_recognizer', turn, fromMs: 0 }), (turn) => ({ type: 'pause_recognizer', turn }), (turn) => ({ type: 'finish_recognizer', turn }),
  (turn) => ({ type: 'commit_caller', turn, text: '' }), (turn) => ({ type: 'call_responder', turn }), (turn) => ({ type: 'speak', turn, index: 0, text: '' }),
];
/** Eight stages, three engine calls, speaking, the turn itself. */
const SPANS_A_TURN = 13;

/** What a turn's way through a worker does with its trace. */
function hooks(trace: SessionTrace | undefined, turn: number): void {
  for (const effect of EFFECTS_BEFORE) trace?.onEffect(effect(turn));
  trace?.call('recognizer', 'one')?.end();
  trace?.call('responder', 'one')?.end();
  trace?.call('synthesizer', 'one')?.end();
  trace?.answered(turn, STAGES);
  trace?.onEffect({ type: 'commit_agent', turn, interrupted: false });
}

/** The median of what a turn is held up, in microseconds. */
async function turns(tracer: Tracer): Promise<number> {
  const trace = new SessionTrace({ tracer, config: CONFIG, workerId: 'w', fence: 1, claim: undefined, items: [] });
  const heldUpMs: number[] = [];
  for (let turn = 1; turn <= TURNS; turn++) {
    heldUpMs.push(timed(() => hooks(trace, turn)));
    // A batch is sent while turns go on.
    if (turn % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return 1000 * (heldUpMs.sort((one, other) => one - other)[TURNS / 2] ?? Number.NaN);
}

function timed(work: () => void): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

async function tracing(url: string, sampler: string): Promise<Tracer> {
  const config = loadConfig(TRACING_SETTINGS, { OTEL_EXPORTER_OTLP_ENDPOINT: url, OTEL_TRACES_SAMPLER: sampler, OTEL_BSP_MAX_QUEUE_SIZE: '100000' });
  const log = createLog({ tier: 'test', id: 'test', level: 'silent' });
  return (await startTracing({ config, tier: 'test', processId: 'test', registry: new Registry(), log })) ?? assert.fail('traces are off');
}

async function collector(context: TestContext): Promise<string> {
  const child = spawn(process.execPath, ['-e', COLLECTOR], { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => child.kill());
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return `http://127.0.0.1:${port.toString().trim()}`;
}
