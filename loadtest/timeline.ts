import type { AgentNotice } from '../shared/client/voice-client.ts';

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
