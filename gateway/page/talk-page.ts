import type { AgentNotice } from '../../shared/client/voice-client.ts';
import { openMicrophone, type Microphone } from './microphone.ts';
import { OutputRecording } from './output-recording.ts';
import { pageElement } from './page-element.ts';
import type { PageOptions } from './page-options.ts';
import { isInCall, nextPhase, type Phase, type PhaseEvent } from './phase.ts';
import { WORDS_FOR_LOST, wordsForClose, wordsForError, wordsForFailure } from './plain-words.ts';
import type { PlayoutNews } from './playout-messages.ts';
import { SpokenReplies } from './spoken-replies.ts';
import { StageView } from './stage-view.ts';
import { TalkCall, type CallEnd, type TalkCallListener } from './talk-call.ts';
import { TranscriptView } from './transcript-view.ts';

/** After so long without news, what was heard was no turn. */
const QUIET_MS = 10_000;
const CODES_FOR_OPTIONS = ['unauthorized'];

/** The page: turns presses and typing into calls, and what calls tell into what is seen. */
export class TalkPage {
  readonly stage = new StageView();
  readonly #options: PageOptions;
  readonly #transcript = new TranscriptView(pageElement('transcript', HTMLElement));
  readonly #spoken = new SpokenReplies();
  readonly #headphones = pageElement('headphones', HTMLInputElement);
  readonly #apiKey = pageElement('api-key', HTMLInputElement);
  #phase: Phase = 'idle';
  #call: TalkCall | undefined;
  /** Typed before the call was ready; sent then. */
  #waitingText: string | undefined;
  /** The newest turn the caller spoke in. */
  #callerTurn: number | undefined;
  #recording: OutputRecording | undefined;
  #quietTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: PageOptions) {
    this.#options = options;
    this.#headphones.checked = options.headphones;
    const save = pageElement('save-recording', HTMLAnchorElement);
    save.addEventListener('click', () => this.#saveRecording(save));
    this.stage.show(this.#phase);
  }

  /** Asks for the microphone and places a call. What goes wrong is shown. */
  async talk(): Promise<void> {
    if (!this.#begin()) return;
    try {
      const microphone = await openMicrophone(this.#headphones.checked);
      await this.#place(microphone);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Sends what was typed, in a new call without microphone where there is none. */
  async type(text: string): Promise<void> {
    if (this.#call !== undefined && isInCall(this.#phase)) return this.#send(this.#call, text);
    this.#waitingText = text;
    if (!this.#begin()) return;
    try {
      await this.#place(undefined);
    } catch (error) {
      this.#fail(error);
    }
  }

  hangUp(): void {
    this.#call?.hangUp();
  }

  #begin(): boolean {
    if (this.#phase !== 'idle' && this.#phase !== 'ended') return false;
    this.stage.problem(undefined);
    this.#move('pressed');
    return true;
  }

  async #place(microphone: Microphone | undefined): Promise<void> {
    this.#move('placing');
    const { instructions, greeting, hints, record } = this.#options;
    const agent = { instructions, hints, speak_text: true, ...(greeting === '' ? {} : { greeting }) };
    const apiKey = this.#apiKey.value === '' ? undefined : this.#apiKey.value;
    this.#recording = record ? new OutputRecording() : undefined;
    try {
      this.#call = await TalkCall.place({ agent, apiKey, record, microphone }, this.#listener());
    } catch (error) {
      microphone?.close();
      throw error;
    }
  }

  #listener(): TalkCallListener {
    return {
      onReady: () => this.#ready(),
      onLine: (line) => {
        // Before the call began there is nothing to interrupt: the page says that it connects.
        if (isInCall(this.#phase)) this.stage.line(line);
      },
      onNotice: (notice) => this.#noticed(notice),
      onPlayout: (news) => this.#played(news),
      onCallerLevel: (level) => {
        if (this.#phase === 'listening' || this.#phase === 'hearing') this.stage.level(level);
      },
      onOver: (end) => this.#over(end),
    };
  }

  #ready(): void {
    pageElement('invitation', HTMLElement).classList.add('small');
    pageElement('transcript', HTMLElement).hidden = false;
    this.#transcript.clear();
    this.#move('ready');
    if (this.#call !== undefined && this.#waitingText !== undefined) this.#send(this.#call, this.#waitingText);
    this.#waitingText = undefined;
  }

  #send(call: TalkCall, text: string): void {
    if (!call.sendText(text)) return;
    this.#transcript.addTyped(text);
    this.#move('typed');
  }

  #noticed(notice: AgentNotice): void {
    switch (notice.type) {
      case 'speech_started':
      case 'speech_stopped':
        return this.#move(notice.type);
      case 'transcript':
        return this.#said(notice);
      case 'text':
        this.#spoken.add(notice.content);
        this.#transcript.addReply(notice.content);
        return this.#move('answered');
      case 'turn':
        return this.#transcript.addLatency(notice.turn, notice.mouth_to_ear_ms, notice.stages_ms);
      case 'error':
        return this.stage.problem(wordsForError(notice.code, notice.message, notice.error_id));
      case 'clear':
      case 'pong':
      case 'ready':
        return;
    }
  }

  #said(transcript: Extract<AgentNotice, { type: 'transcript' }>): void {
    const { role, turn, text, final } = transcript;
    if (role === 'caller') {
      this.#callerTurn = turn;
      this.stage.problem(undefined);
    } else if (turn !== this.#callerTurn && this.#spoken.take(text)) {
      return;
    }
    this.#transcript.add(role, turn, text, final);
  }

  #played(news: PlayoutNews): void {
    const { body } = document;
    body.dataset['underruns'] = String(news.underruns);
    if (news.output !== undefined) this.#recording?.append(news.output);
    this.#move(news.sounding ? 'agent_sounds' : 'agent_silent');
    if (this.#phase === 'speaking') this.stage.level(news.level);
  }

  #over({ code, isLost }: CallEnd): void {
    this.#call = undefined;
    this.#waitingText = undefined;
    this.#transcript.dropPartials();
    this.stage.line(undefined);
    this.stage.problem(isLost ? WORDS_FOR_LOST : wordsForClose(code));
    this.#move('over');
  }

  #fail(error: unknown): void {
    this.#waitingText = undefined;
    this.stage.problem(wordsForFailure(error));
    if (error instanceof Error && 'code' in error && CODES_FOR_OPTIONS.some((code) => code === error.code)) {
      pageElement('options', HTMLDetailsElement).open = true;
    }
    this.#move('failed');
  }

  #move(event: PhaseEvent): void {
    const phase = nextPhase(this.#phase, event);
    if (phase === this.#phase) return;
    this.#phase = phase;
    this.stage.show(phase);
    pageElement('recording', HTMLElement).hidden = this.#recording === undefined;
    clearTimeout(this.#quietTimer);
    if (phase !== 'thinking') return;
    this.#quietTimer = setTimeout(() => {
      this.#transcript.dropPartials();
      this.#move('quiet');
    }, QUIET_MS);
  }

  #saveRecording(link: HTMLAnchorElement): void {
    if (link.href.startsWith('blob:')) URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL((this.#recording ?? new OutputRecording()).wav());
  }
}
