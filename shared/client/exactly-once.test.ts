import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FakeClock, FakeNetwork, type FakeSocket, type Sent } from './network-fixture.ts';
import { VoiceClient } from './voice-client.ts';

const FRAME_BYTES = 640;
const TICKET_LIFE = 2;

/** One side of a connection as the network sees it: what is under way is lost when it is cut. */
interface Link {
  readonly socket: FakeSocket;
  /** Of the newest connection the session knows; messages of older ones are refused. */
  readonly number: number;
  up: Sent[];
  down: Record<string, unknown>[];
  /** Egress given to this link so far. */
  given: number;
  isReady: boolean;
}

/**
 * The agent's side as the protocol has it: gateways that come and go, an owner that takes numbered messages in order, commits
 * now and then, forgets what it had not committed when it dies, and says its own numbered messages, again where asked to.
 */
class Fleet {
  readonly taken: string[] = [];
  readonly answered: string[] = [];
  committed = 0;
  received = 0;
  egress: Record<string, unknown>[] = [];
  links: Link[] = [];
  #connections = 0;
  /** Of the connection the session knows, be it there still or not. */
  #newest = 0;
  /** What the owner took and had not committed, to be forgotten with it. */
  #pending: { readonly seq: number; readonly what: string }[] = [];

  open(socket: FakeSocket): void {
    const link: Link = { socket, number: ++this.#connections, up: [], down: [], given: 0, isReady: false };
    socket.onSent = (sent) => link.up.push(sent);
    this.links.push(link);
  }

  /** The session's connection from now on; older ones are closed by the takeover. */
  ready(link: Link): void {
    if (link.isReady || link.socket.readyState !== 0) return;
    if (link.number < this.#newest) return this.cut(link, 4001);
    this.#newest = link.number;
    link.isReady = true;
    link.given = link.socket.after;
    link.socket.accept();
    for (const other of [...this.links]) if (other !== link && other.isReady) other.down.push({ type: 'closed' });
    const audio = { encoding: 'pcm16', sample_rate: 16000 };
    link.down.push({
      type: 'ready', seq: link.given, session_id: 's1', audio: { input: audio, output: audio },
      ingress: { committed: this.committed, received: this.received }, resume: { token: `ticket-${link.number}`, expires_at: '' },
    });
    this.give();
  }

  /** One message of the caller arrives. */
  takeOne(link: Link): void {
    const sent = link.up.shift();
    if (sent === undefined || !this.#isNewest(link)) return;
    if (sent.type !== undefined && sent.type !== 'text') return;
    const seq = Number(sent.seq);
    if (seq <= this.received) return;
    assert.equal(seq, this.received + 1, 'nothing was left out');
    this.received = seq;
    this.#pending.push({ seq, what: sent.type === undefined ? `audio ${String(sent.timestampMs)}` : String(sent['content']) });
    if (sent.type === 'text') this.say({ type: 'text', content: `answer to ${String(sent['content'])}` });
  }

  /** The agent says something of its own accord. */
  say(body: Record<string, unknown>): void {
    this.egress.push({ ...body, seq: this.egress.length + 1 });
    this.give();
  }

  give(): void {
    for (const link of this.links) {
      if (!link.isReady || !this.#isNewest(link)) continue;
      for (; link.given < this.egress.length; link.given += 1) {
        const message = this.egress[link.given];
        if (message !== undefined) link.down.push(message);
      }
    }
  }

  /** One message for the caller arrives. */
  deliverOne(link: Link): void {
    const message = link.down.shift();
    if (message === undefined) return;
    if (message['type'] === 'closed') this.cut(link, 4001);
    else link.socket.say(message);
  }

  commit(): void {
    this.committed = this.received;
    for (const { what } of this.#pending.splice(0)) this.taken.push(what);
    for (const link of this.links) if (link.isReady) link.down.push({ type: 'ack', committed: this.committed, seq: link.given });
  }

  goaway(): void {
    for (const link of this.links) if (link.isReady && this.#isNewest(link)) link.down.push({ type: 'goaway', reconnect_after_ms: 100, seq: link.given });
  }

  /** Everything under way on a connection is lost with it. */
  cut(link: Link, code = 1006): void {
    this.links = this.links.filter((other) => other !== link);
    link.socket.end(code);
  }

  /** The owner dies, and every gateway with it: the next one knows what was committed. */
  crash(): void {
    for (const link of [...this.links]) this.cut(link);
    this.received = this.committed;
    this.#pending = [];
  }

  #isNewest(link: Link): boolean {
    return link.number === this.#newest;
  }
}

type Step = 'audio' | 'text' | 'agent' | 'up' | 'down' | 'ready' | 'cut' | 'crash' | 'commit' | 'goaway' | 'wait';
const STEPS: readonly Step[] = ['audio', 'text', 'agent', 'up', 'up', 'down', 'down', 'ready', 'cut', 'crash', 'commit', 'goaway', 'wait'];

function run(steps: readonly { readonly step: Step; readonly pick: number }[]): { said: string[]; heard: number[]; fleet: Fleet } {
  const clock = new FakeClock();
  const network = new FakeNetwork();
  const fleet = new Fleet();
  const said: string[] = [];
  const heard: number[] = [];
  network.onSocket = (socket) => fleet.open(socket);
  const client = new VoiceClient({
    url: 'ws://one/', urls: ['ws://two/'], socket: network.socket, clock, random: () => 0.3, giveUpAfterMs: Infinity, deadAfterMs: 1e9, pingAfterMs: 1e9, openWithinMs: 1e9,
    listener: { onNotice: (notice) => (notice.type === 'text' ? heard.push(notice.seq) : undefined) },
  });
  const settle = (rounds: number): void => {
    for (let round = 0; round < rounds; round += 1) {
      clock.advance(400);
      for (const link of [...fleet.links]) {
        fleet.ready(link);
        while (link.up.length > 0) fleet.takeOne(link);
        while (link.down.length > 0) fleet.deliverOne(link);
      }
    }
  };
  const act: Record<Step, (link: Link | undefined) => unknown> = {
    audio: () => said.push(`audio ${20 * said.filter((what) => what.startsWith('audio')).length}`) && client.sendAudio(new Uint8Array(FRAME_BYTES)),
    text: () => said.push(`text ${said.length}`) && client.sendText(said.at(-1) ?? ''),
    agent: () => fleet.say({ type: 'text', content: 'news' }),
    up: (link) => link && fleet.takeOne(link),
    down: (link) => link && fleet.deliverOne(link),
    ready: (link) => link && fleet.ready(link),
    cut: (link) => link && fleet.cut(link),
    crash: () => fleet.crash(),
    commit: () => fleet.commit(),
    goaway: () => fleet.goaway(),
    wait: () => clock.advance(150),
  };
  for (const { step, pick } of steps) act[step](fleet.links[pick % Math.max(1, fleet.links.length)]);
  settle(TICKET_LIFE * 20);
  fleet.commit();
  settle(1);
  assert.equal(client.state.name, 'ready');
  client.close();
  return { said, heard, fleet };
}

test('whatever connections and owners do, each message arrives exactly once and in order, both ways', () => {
  const step = fc.record({ step: fc.constantFrom(...STEPS), pick: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 200, size: 'max' }), (steps) => {
      const { said, heard, fleet } = run(steps);
      assert.deepEqual(fleet.taken, said);
      assert.deepEqual(heard, fleet.egress.map(({ seq }) => seq));
    }),
    { numRuns: 400 },
  );
});
