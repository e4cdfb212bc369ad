import { pageElement } from './page-element.ts';
import { isInCall, type Phase } from './phase.ts';
import type { LineState } from './talk-call.ts';

const WORDS: Readonly<Record<Phase, { readonly doing: string; readonly hint: string }>> = {
  idle: { doing: '', hint: 'Press Talk and allow the microphone.' },
  asking: { doing: 'Microphone', hint: 'Allow the microphone when the browser asks.' },
  connecting: { doing: 'Connecting', hint: 'One moment.' },
  listening: { doing: 'Listening', hint: 'Say something, or type it.' },
  hearing: { doing: 'Hearing you', hint: 'Pause when you are done.' },
  thinking: { doing: 'Thinking', hint: 'The answer is on its way.' },
  speaking: { doing: 'Agent speaking', hint: 'Speak to interrupt.' },
  ended: { doing: '', hint: 'The call is over. Press Talk to call again.' },
};

const LINE_WORDS: Readonly<Record<LineState, string>> = {
  away: 'Reconnecting… What you say is kept.',
  back: 'Back again.',
  back_incomplete: 'Back again. The first part of what you said meanwhile is lost: please say it once more.',
};
/** So long it is said that the connection is back. */
const BACK_MS: Readonly<Record<LineState, number | undefined>> = { away: undefined, back: 4000, back_incomplete: 10_000 };

/** The part of the page that shows what the call is doing: the round button, the state, the level, what went wrong. */
export class StageView {
  readonly talk = pageElement('talk', HTMLButtonElement);
  readonly hangUp = pageElement('hang-up', HTMLButtonElement);
  readonly #orb = pageElement('orb', HTMLElement);
  readonly #indicator = pageElement('indicator', HTMLElement);
  readonly #doing = pageElement('doing', HTMLElement);
  readonly #hint = pageElement('hint', HTMLElement);
  readonly #line = pageElement('line', HTMLElement);
  readonly #problem = pageElement('problem', HTMLElement);
  #lineTimer: ReturnType<typeof setTimeout> | undefined;

  show(phase: Phase): void {
    document.body.dataset['state'] = phase;
    const canTalk = phase === 'idle' || phase === 'ended';
    const hadFocus = document.activeElement === this.talk || document.activeElement === this.hangUp;
    this.talk.hidden = !canTalk;
    this.#indicator.hidden = canTalk;
    this.hangUp.hidden = !isInCall(phase);
    this.#doing.textContent = WORDS[phase].doing;
    this.#hint.textContent = WORDS[phase].hint;
    if (!isInCall(phase)) this.level(0);
    if (hadFocus) (canTalk ? this.talk : this.hangUp).focus();
  }

  /** How loud the one who speaks is, 0 to 1. */
  level(level: number): void {
    this.#orb.style.setProperty('--level', level.toFixed(3));
  }

  /** Says that the connection is away, or back for a moment; undefined says nothing. */
  line(line: LineState | undefined): void {
    clearTimeout(this.#lineTimer);
    // Where it was never seen to be away (the next connection came before the old one went) there is nothing to say.
    const isNews = line !== 'back' || document.body.dataset['line'] === 'away';
    document.body.dataset['line'] = isNews ? (line ?? '') : '';
    this.#line.textContent = line !== undefined && isNews ? LINE_WORDS[line] : '';
    const shownMs = line === undefined ? undefined : BACK_MS[line];
    if (shownMs !== undefined) this.#lineTimer = setTimeout(() => this.line(undefined), shownMs);
  }

  /** Says what went wrong; undefined takes it away. */
  problem(words: string | undefined): void {
    this.#problem.hidden = words === undefined;
    this.#problem.textContent = words ?? '';
  }
}
