import type { LostAudio } from './kept-messages.ts';
import { FakeClock, FakeNetwork, type FakeSocket } from './network-fixture.ts';
import { VoiceClient, type AgentAudio, type AgentNotice, type VoiceClientOptions, type VoiceClientState } from './voice-client.ts';

/** 20 ms of silence. */
export const FRAME = new Uint8Array(640);
/** More than the first attempt waits for. */
export const SOON_MS = 60;

/** A client with a clock and a network of its own, and everything it told. */
export class Caller {
  readonly clock = new FakeClock();
  readonly network = new FakeNetwork();
  readonly client: VoiceClient;
  readonly states: VoiceClientState[] = [];
  readonly notices: AgentNotice[] = [];
  readonly audio: AgentAudio[] = [];
  readonly lost: LostAudio[] = [];

  constructor(extra: Partial<VoiceClientOptions> = {}) {
    this.client = new VoiceClient({
      url: 'ws://one/ws/s1', token: 'secret', socket: this.network.socket, clock: this.clock, random: () => 0.5,
      listener: {
        onState: (state) => this.states.push(state), onNotice: (notice) => this.notices.push(notice),
        onAudio: (audio) => this.audio.push(audio), onDropped: (lost) => this.lost.push(lost),
      },
      ...extra,
    });
  }

  /** In a call that has been good for a while; answers its socket too. */
  static ready(extra: Partial<VoiceClientOptions> = {}): { caller: Caller; socket: FakeSocket } {
    const caller = new Caller(extra);
    const socket = caller.network.newest;
    socket.becomeReady();
    caller.clock.advance(1500);
    socket.say({ type: 'pong', seq: 0 });
    return { caller, socket };
  }

  /** As `ready`, and then cut. */
  static cut(extra: Partial<VoiceClientOptions> = {}): Caller {
    const { caller, socket } = Caller.ready(extra);
    socket.end();
    return caller;
  }

  /** The socket of the next attempt, which is made within this time. */
  nextSocket(withinMs = SOON_MS): FakeSocket {
    const before = this.network.sockets.length;
    this.clock.advance(withinMs);
    const made = this.network.sockets.length - before;
    if (made !== 1) throw new Error(`expected one attempt, ${made} were made`);
    return this.network.newest;
  }

  get stateNames(): string[] {
    return this.states.map(({ name }) => name);
  }
}
