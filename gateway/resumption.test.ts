import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ResumeTicket } from '../shared/protocol/native-message.ts';
import { configOf, SILENT_LOG, StoreFixture } from '../shared/session/store-fixture.ts';
import { startRedis } from '../shared/testing/servers.ts';
import { secretHash } from './http/authorization.ts';
import { newTicket, Resumption } from './resumption.ts';

const TTL_MS = 60_000;
/** More than a connection waits until it tells a store that was away of its ticket. */
const LATER_MS = 10_000;

let server: Awaited<ReturnType<typeof startRedis>>;
let fixture: StoreFixture;

before(async () => {
  server = await startRedis();
  fixture = await StoreFixture.connect(server.url);
});

after(async () => {
  fixture.redis.disconnect();
  await server.stop();
});

/** What the store says to a client that comes with a ticket. */
async function comesBack(sessionId: string, { token }: ResumeTicket): Promise<string> {
  return (await fixture.store.connect(sessionId, { presentedHash: secretHash(token), nextHash: undefined, tokenTtlMs: TTL_MS })).outcome;
}

/** Asks until it is so; the test's own time limit is the limit. */
async function until(isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await isSo())) await sleep(20);
}

test('a store that was away and came back empty is told of the ticket that the client has, as soon as the session is there again', { timeout: 180_000 }, async () => {
  const sessionId = await fixture.newSession();
  const ticket = newTicket(TTL_MS);
  const connected = await fixture.store.connect(sessionId, { presentedHash: undefined, nextHash: secretHash(ticket.token), tokenTtlMs: TTL_MS });
  assert.ok(connected.outcome === 'connected');
  const renewed: ResumeTicket[] = [];
  const resumption = new Resumption({
    store: fixture.store, log: SILENT_LOG, sessionId, connectionNo: connected.connectionNo, ttlMs: TTL_MS, ticket, onRenewed: (next) => renewed.push(next),
  });
  const { port } = server;
  await server.kill('SIGKILL');
  server = await startRedis({ port });
  await until(() => fixture.store.ping());
  let nowMs = performance.now();
  const tick = async (): Promise<void> => {
    resumption.tick(nowMs);
    resumption.tick((nowMs += LATER_MS));
    await fixture.store.ping();
  };
  await tick();
  assert.equal(await comesBack(sessionId, ticket), 'not_found');
  // Its owner writes it anew.
  await fixture.store.create(configOf(sessionId));
  assert.equal(await comesBack(sessionId, ticket), 'refused');
  await until(async () => {
    await tick();
    return (await comesBack(sessionId, ticket)) === 'connected';
  });
  assert.deepEqual(renewed, [], 'the client need not be told: it has it');
});
