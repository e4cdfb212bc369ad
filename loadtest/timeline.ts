import type { AgentNotice, ResumeReport, VoiceClientState } from '../shared/client/voice-client.ts';

const STAGES_PER_LINE = 5;

/** One thing the agent told, as lines for a person to read; none for what is no news to one. Pure. */
export function timelineLines(notice: AgentNotice, atMs: number): readonly string[] {
  switch (notice.type) {
    case 'speech_started':
      return [line(atMs, 'caller', '(speaks)')];
    case 'speech_stopped':
      return [line(atMs, 'caller', '(pauses)')];
    case 'transcript':
      return notice.final ? [line(atMs, notice.role, notice.text === '' ? '(not understood)' : notice.text)] : [];
    case 'text':
      return [line(atMs, 'agent', notice.content)];
    case 'clear':
      return [line(atMs, 'agent', '(falls silent)')];
    case 'turn':
      return turnLines(notice, atMs);
    case 'error':
      return [line(atMs, 'error', `${notice.code}: ${notice.message}`)];
    case 'ready':
      return [line(atMs, 'fleet', `ready, session ${notice.session_id}`)];
    case 'pong':
      return [];
  }
}

/** What became of the connection, for a person to read; none for what the rest of the timeline tells. Pure. */
export function connectionLines(state: VoiceClientState, atMs: number): readonly string[] {
  switch (state.name) {
    case 'reconnecting':
      return state.attempt === 1 ? [line(atMs, 'line', 'cut: reconnecting, what is said is kept')] : [];
    case 'ready':
      return state.resumed === undefined ? [] : [line(atMs, 'line', resumedWords(state.resumed))];
    case 'lost':
      return [line(atMs, 'line', `lost (${state.code}): ${state.reason}`)];
    case 'connecting':
    case 'open':
    case 'closed':
      return [];
  }
}

function resumedWords({ awayMs, attempts, resentAudioMs }: ResumeReport): string {
  if (awayMs === 0) return 'moved to another gateway, without a gap';
  return `back after ${(awayMs / 1000).toFixed(2)} s and ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}; ${(resentAudioMs / 1000).toFixed(2)} s of audio sent again`;
}

function turnLines({ mouth_to_ear_ms, stages_ms }: Extract<AgentNotice, { type: 'turn' }>, atMs: number): string[] {
  const stages = Object.entries(stages_ms).map(([stage, ms]) => `${stage} ${ms.toFixed(1)}`);
  const lines = [line(atMs, 'latency', `mouth to ear ${mouth_to_ear_ms.toFixed(1)} ms =`)];
  for (let at = 0; at < stages.length; at += STAGES_PER_LINE) {
    lines.push(`${' '.repeat(20)}${stages.slice(at, at + STAGES_PER_LINE).join(' + ')}${at + STAGES_PER_LINE < stages.length ? ' +' : ''}`);
  }
  return lines;
}

function line(atMs: number, who: string, what: string): string {
  return `${(atMs / 1000).toFixed(2).padStart(8)} s  ${who.padEnd(8)} ${what}`;
}
