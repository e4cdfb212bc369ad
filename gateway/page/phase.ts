/** What the page shows the call to be doing. */
export type Phase = 'idle' | 'asking' | 'connecting' | 'listening' | 'hearing' | 'thinking' | 'speaking' | 'ended';

/** What moves it. */
export type PhaseEvent =
  /** Talk was pressed; the browser asks for the microphone. */
  | 'pressed'
  /** Microphone or keyboard is ready; the call is being placed. */
  | 'placing'
  | 'ready'
  | 'speech_started'
  | 'speech_stopped'
  /** The caller typed and waits for the answer. */
  | 'typed'
  /** The answer to what was typed came. */
  | 'answered'
  | 'agent_sounds'
  | 'agent_silent'
  /** Nothing happened for a while: whatever was heard was no turn. */
  | 'quiet'
  /** The call could not be placed. */
  | 'failed'
  | 'over';

const IN_CALL: readonly Phase[] = ['listening', 'hearing', 'thinking', 'speaking'];

/** Whether a call is under way that has been taken. */
export function isInCall(phase: Phase): boolean {
  return IN_CALL.includes(phase);
}

/** The phase after an event; an event that means nothing in a phase leaves it as it is. */
export function nextPhase(phase: Phase, event: PhaseEvent): Phase {
  switch (event) {
    case 'pressed':
      return phase === 'idle' || phase === 'ended' ? 'asking' : phase;
    case 'placing':
      return isInCall(phase) ? phase : 'connecting';
    case 'ready':
      return phase === 'connecting' ? 'listening' : phase;
    case 'failed':
      return 'idle';
    case 'over':
      return phase === 'idle' ? phase : 'ended';
    default:
      return isInCall(phase) ? phaseInCall(phase, event) : phase;
  }
}

function phaseInCall(phase: Phase, event: PhaseEvent): Phase {
  switch (event) {
    case 'speech_started':
      return 'hearing';
    case 'speech_stopped':
      return phase === 'hearing' ? 'thinking' : phase;
    case 'typed':
      return phase === 'listening' ? 'thinking' : phase;
    // The caller who speaks over the agent is heard; what still sounds is about to be cleared.
    case 'agent_sounds':
      return phase === 'hearing' ? phase : 'speaking';
    case 'agent_silent':
      return phase === 'speaking' ? 'listening' : phase;
    case 'answered':
    case 'quiet':
      return phase === 'thinking' ? 'listening' : phase;
    default:
      return phase;
  }
}
