import { fileURLToPath } from 'node:url';
import { engine as echoEngine } from './echo-engine.ts';

/** How a scenario is run: one load for a while, load in steps, or sockets in batches. */
export type ScenarioPlan = 'steady' | 'finite' | 'ramp' | 'batches';

/** What every scenario is. */
export interface Scenario {
  /** What it does, in a line. */
  readonly words: string;
  readonly plan: ScenarioPlan;
  /** What generators do, see `workloads.ts`. */
  readonly workload: string;
  readonly usual: { readonly callers: number; readonly seconds: number; readonly rate?: number; readonly boundMs?: number };
  /** The series that counts most. */
  readonly headline: string;
  /** What each series measures, for whoever reads the result. */
  readonly series: Readonly<Record<string, string>>;
  /** Counts whose sum is what was tried: the error rate is a part of it. */
  readonly tried: readonly string[];
  /** Settings of the fleet that it starts, beside those every scenario has. */
  readonly fleet: (callers: number) => Readonly<Record<string, string>>;
}

export const SCENARIO_NAMES = ['text', 'talk', 'relay', 'idle', 'churn', 'ramp', 'burst', 'slow', 'mixed', 'capacity'] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

const SCRIPTED = { VOICE_ACTIVITY_ENGINE: 'scripted', RECOGNIZER_ENGINE: 'scripted', RESPONDER_ENGINE: 'scripted', SYNTHESIZER_ENGINE: 'scripted' };
/**
 * An echo does not outlive its worker, and one that shares its cores with the generators may be starved for a second: it is not to be
 * taken for lost then, but to be slow in the open.
 */
const ECHO = { ...SCRIPTED, WORKER_LOST_AFTER_MS: '10000', LEASE_MS: '30000', ENGINE_MODULES: fileURLToPath(new URL('./echo-engine.js', import.meta.url)), VOICE_ACTIVITY_ENGINE: echoEngine.name, SYNTHESIZER_ENGINE: echoEngine.name };

const RELAY_SERIES = {
  added: 'frame in → its echo out, from when the frame was to be sent (no engine time)',
  wire: 'the same from when it was really sent: less what the generator was late by',
};
const TALK_SERIES = {
  added: 'last sample of speech → first byte of the reply, less endpointing and less what the engines took',
  turn: 'last sample of speech → first byte of the reply, less endpointing',
  ear: 'mouth to ear: last sample of speech → first byte of the reply',
  interrupt: 'the caller speaks over the agent → the agent’s “clear”',
};

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  text: {
    words: 'the classic check: every connection sends text messages, one answer each', plan: 'finite', workload: 'text',
    usual: { callers: 50, seconds: 60 }, headline: 'answer', series: { answer: 'text message → its answer' }, tried: ['messages asked'],
    fleet: () => SCRIPTED,
  },
  talk: {
    words: 'callers who speak 20 ms frames in real time, pause, listen and interrupt; scripted engines', plan: 'steady', workload: 'talk',
    usual: { callers: 100, seconds: 30 }, headline: 'added', series: TALK_SERIES, tried: ['turns'], fleet: () => SCRIPTED,
  },
  relay: {
    words: 'every 20 ms frame is echoed at once by the agent: what the fleet adds, without any engine time', plan: 'steady', workload: 'relay',
    usual: { callers: 100, seconds: 20 }, headline: 'added', series: RELAY_SERIES, tried: ['frames sent'], fleet: () => ECHO,
  },
  idle: {
    words: 'many open sockets that say nothing: memory of a connection', plan: 'batches', workload: 'idle',
    usual: { callers: 2000, seconds: 5 }, headline: 'connect', series: { connect: 'upgrade → ready' }, tried: ['connects'], fleet: () => SCRIPTED,
  },
  churn: {
    words: 'callers come, ask, lose their connection, resume, ask again and leave, at a rate', plan: 'steady', workload: 'churn',
    usual: { callers: 1, seconds: 20, rate: 20 }, headline: 'resume',
    series: { connect: 'session and upgrade → ready', answer: 'text message → its answer', resume: 'connection cut → resumed, the client’s own pause before it tries again included' },
    tried: ['calls'], fleet: () => SCRIPTED,
  },
  ramp: {
    words: 'finds the knee: the most relay callers with p99 under --bound-ms and errors under 0.1 %', plan: 'ramp', workload: 'relay',
    usual: { callers: 100, seconds: 6, boundMs: 20 }, headline: 'added', series: RELAY_SERIES, tried: ['frames sent'], fleet: () => ECHO,
  },
  burst: {
    words: 'everybody loses their connection at once and comes back', plan: 'steady', workload: 'burst',
    usual: { callers: 200, seconds: 20 }, headline: 'resume',
    series: { resume: 'connection cut → resumed, the client’s own pause before it tries again included', answer: 'text message asked while away → its answer' },
    tried: ['resumes'], fleet: () => SCRIPTED,
  },
  slow: {
    words: 'some receivers do not read: what it costs those who do', plan: 'steady', workload: 'slow',
    usual: { callers: 40, seconds: 20 }, headline: 'added', series: RELAY_SERIES, tried: ['frames sent'],
    fleet: () => ({ ...ECHO, MAX_TEXT_CHARS: '60000', MAX_BUFFERED_BYTES: '262144' }),
  },
  mixed: {
    words: 'urgent callers alone, then while bulk saturates the fleet: p99 by lane', plan: 'steady', workload: 'mixed',
    usual: { callers: 400, seconds: 30 }, headline: 'urgent beside bulk',
    series: {
      'urgent alone': 'frame in → its echo out, urgent lane, nobody else there', 'urgent beside bulk': 'the same while bulk callers speak',
      bulk: 'frame in → its echo out, bulk lane',
      wire: 'urgent lane, alone and beside bulk, from when a frame was really sent: less what the generator was late by',
      'bulk wire': 'the same of the bulk lane',
    },
    tried: ['frames sent', 'bulk frames sent'], fleet: () => ECHO,
  },
  capacity: {
    words: 'recorded human speech through the embedded engines: how many calls at once a core carries', plan: 'ramp', workload: 'talk',
    usual: { callers: 2, seconds: 20, boundMs: 2500 }, headline: 'ear', series: TALK_SERIES, tried: ['turns'], fleet: () => ({}),
  },
};

export function isScenarioName(name: string): name is ScenarioName {
  return SCENARIO_NAMES.some((known) => known === name);
}

/** Of a worker's queue, as of its defaults: 8,000 frames for 200 slots. */
const FRAMES_A_SLOT = 40;

/** The settings of a fleet started for this many callers, in the environment's names. */
export function fleetSettings(scenario: Scenario, callers: number, workers: number): Readonly<Record<string, string>> {
  // Callers of the normal lane may take 95 % of a worker's slots; claims are not spread evenly.
  const slots = Math.max(200, Math.ceil((callers * 1.5) / workers) + 20);
  return {
    SLOTS: String(slots), QUEUE_SIZE: String(slots * FRAMES_A_SLOT), MAX_WEBSOCKET_CONNECTIONS: String(Math.max(10_000, callers + 1000)),
    ...scenario.fleet(callers),
  };
}
