import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Caller } from '../caller-fixture.ts';
import { codeOf, Rig, startGround, type Ground } from '../gateway-fixture.ts';
import { ScriptedWorker } from '../scripted-worker-fixture.ts';
import { secretHash } from './authorization.ts';

let ground: Ground;
before(async () => (ground = await startGround()));
after(() => ground.stop());

const long = (characters: number): string => 'x'.repeat(characters);

const BAD_BODIES: readonly (readonly [string, unknown, string, RegExp])[] = [
  ['no body', '', 'bad_json', /not JSON/],
  ['half a body', '{"agent":', 'bad_json', /not JSON/],
  ['a list', [], 'bad_json', /no object/],
  ['null', 'null', 'bad_json', /no object/],
  ['an unknown field', { colour: 'red' }, 'bad_request', /^colour: unknown field/],
  ['an unknown field deep inside', { agent: { engines: { brain: 'x' } } }, 'bad_request', /^agent\.engines\.brain: unknown field/],
  ['a session id with a slash', { session_id: 'a/b' }, 'bad_request', /^session_id: expected 1 to 128 letters/],
  ['a session id that is a number', { session_id: 5 }, 'bad_request', /^session_id: expected/],
  ['a session id that is too long', { session_id: long(129) }, 'bad_request', /^session_id: expected/],
  ['a user id that is too long', { user_id: long(129) }, 'bad_request', /^user_id: expected a string of 1 to 128/],
  ['tags that are no list', { tags: 'vip' }, 'bad_request', /^tags: expected a list of at most 20 strings/],
  ['too many tags', { tags: Array(21).fill('t') }, 'bad_request', /^tags: expected a list of at most 20/],
  ['a tag that is too long', { tags: ['ok', long(65)] }, 'bad_request', /^tags\.1: expected a string of 1 to 64/],
  ['half a priority', { priority: 1.5 }, 'bad_request', /^priority: expected a whole number/],
  ['a priority below zero', { priority: -1 }, 'bad_request', /^priority: expected a whole number/],
  ['an agent that is a name', { agent: 'bob' }, 'bad_request', /^agent: expected an object/],
  ['instructions that are too long', { agent: { instructions: long(8001) } }, 'bad_request', /^agent\.instructions: expected a string of at most 8000/],
  ['a greeting that is too long', { agent: { greeting: long(1001) } }, 'bad_request', /^agent\.greeting: expected a string of at most 1000/],
  ['too many hints', { agent: { hints: Array(201).fill('h') } }, 'bad_request', /^agent\.hints: expected a list of at most 200/],
  ['a hint that is too long', { agent: { hints: [long(201)] } }, 'bad_request', /^agent\.hints\.0: expected/],
  ['an engine that is too long', { agent: { engines: { recognizer: long(65) } } }, 'bad_request', /^agent\.engines\.recognizer: expected/],
  ['a language that is a sentence', { agent: { language: 'plain English' } }, 'bad_request', /^agent\.language: expected a BCP 47/],
  ['speak_text in words', { agent: { speak_text: 'yes' } }, 'bad_request', /^agent\.speak_text: expected true or false/],
  ['an encoding nobody knows', { audio: { input: { encoding: 'mp3' } } }, 'bad_request', /^audio\.input\.encoding: expected one of pcm16, ulaw, alaw/],
  ['a rate nobody knows', { audio: { output: { sample_rate: 44_100 } } }, 'bad_request', /^audio\.output\.sample_rate: expected one of 8000/],
];

test('every bad body is refused with its code, the field’s path and what was expected', async (context) => {
  const rig = await Rig.start(context, ground);
  for (const [name, body, code, message] of BAD_BODIES) {
    const asked = await rig.ask('POST', '/sessions', body);
    const error = asked.json['error'] as { code: string; message: string };
    assert.deepEqual([asked.status, error.code], [400, code], name);
    assert.match(error.message, message, name);
  }
});

test('a session is created with what was asked, read without secrets, and created only once', async (context) => {
  const rig = await Rig.start(context, ground);
  const body = {
    session_id: 'full-1', user_id: 'u', tags: ['a'], priority: 2,
    agent: { instructions: 'secret plan', greeting: 'hello', hints: ['front center'], engines: { recognizer: 'embedded' }, speak_text: true },
    audio: { input: { encoding: 'ulaw', sample_rate: 8000 }, output: { sample_rate: 24_000 } },
  };
  const created = await rig.ask('POST', '/sessions', body);
  assert.equal(created.status, 201);
  assert.equal(created.json['ws_url'], `${rig.wsUrl}/ws/full-1`);
  assert.ok(Date.parse(String(created.json['expires_at'])) > Date.now());
  const record = await ground.store.load('full-1');
  assert.equal(record?.config.tokenHash, secretHash(String(created.json['token'])));
  assert.deepEqual(record.config.agent, { instructions: 'secret plan', greeting: 'hello', language: 'en-US', hints: ['front center'], engines: { recognizer: 'embedded' }, speak_text: true });
  assert.equal(record.config.lane, 'bulk');
  const read = await rig.ask('GET', '/sessions/full-1');
  assert.equal(read.status, 200);
  assert.doesNotMatch(read.text, /secret|token/);
  const { created_at, expires_at, ...rest } = read.json;
  assert.ok(Date.parse(String(created_at)) <= Date.parse(String(expires_at)));
  assert.deepEqual(rest, {
    session_id: 'full-1', user_id: 'u', state: 'created', has_owner: false, lane: 'bulk', tags: ['a'], committed: { ingress_seq: 0, egress_seq: 0 },
    audio: { input: { encoding: 'ulaw', sample_rate: 8000 }, output: { encoding: 'pcm16', sample_rate: 24_000 } },
  });
  const again = await rig.ask('POST', '/sessions', body);
  assert.deepEqual([again.status, codeOf(again)], [409, 'session_exists']);
});

test('sessions nobody asked a name for get different ones, behind a TLS proxy the socket’s address is wss', async (context) => {
  const rig = await Rig.start(context, ground);
  const [one, two] = await Promise.all([rig.createSession(), rig.createSession()]);
  assert.notEqual(one.id, two.id);
  assert.match(one.token, /^[A-Za-z0-9_-]{43}$/);
  const proxied = await rig.ask('POST', '/sessions', {}, { 'x-forwarded-proto': 'https' });
  assert.match(String(proxied.json['ws_url']), /^wss:\/\//);
});

test('unknown paths, sessions and methods are 404 and 405, too large a body 413, a socket’s path without upgrade 400', async (context) => {
  const rig = await Rig.start(context, ground, { MAX_BODY_BYTES: '1024' });
  const answers = async (method: string, path: string, body?: unknown): Promise<unknown[]> => {
    const asked = await rig.ask(method, path, body);
    return [asked.status, codeOf(asked), asked.headers.get('allow')];
  };
  assert.deepEqual(await answers('GET', '/nowhere'), [404, 'not_found', null]);
  assert.deepEqual(await answers('GET', '/sessions/nobody'), [404, 'session_not_found', null]);
  assert.deepEqual(await answers('GET', '/sessions/%E0%A4%A'), [404, 'session_not_found', null]);
  assert.deepEqual(await answers('DELETE', '/sessions/nobody'), [404, 'session_not_found', null]);
  assert.deepEqual(await answers('PUT', '/sessions', {}), [405, 'method_not_allowed', 'POST']);
  assert.deepEqual(await answers('POST', '/sessions/x', {}), [405, 'method_not_allowed', 'GET, HEAD, DELETE']);
  assert.deepEqual(await answers('POST', '/health/live', {}), [405, 'method_not_allowed', 'GET, HEAD']);
  assert.deepEqual(await answers('POST', '/sessions', { user_id: long(2000) }), [413, 'body_too_large', null]);
  assert.deepEqual(await answers('GET', '/ws/some-session'), [400, 'bad_request', null]);
});

test('with keys, HTTP needs one of them, health does not', async (context) => {
  const rig = await Rig.start(context, ground, { API_KEYS: 'alpha,beta' });
  for (const authorization of ['', 'Bearer gamma', 'Basic alpha', 'Bearer alphabet']) {
    const asked = await rig.ask('POST', '/sessions', {}, authorization === '' ? {} : { authorization });
    assert.deepEqual([asked.status, codeOf(asked), asked.headers.get('www-authenticate')], [401, 'unauthorized', 'Bearer'], authorization);
  }
  for (const key of ['alpha', 'beta']) assert.equal((await rig.ask('POST', '/sessions', {}, { authorization: `Bearer ${key}` })).status, 201);
  assert.equal((await rig.ask('GET', '/sessions/x')).status, 401);
  assert.equal((await rig.ask('DELETE', '/sessions/x')).status, 401);
  assert.equal((await rig.ask('GET', '/health/live')).status, 200);
});

test('an ended session’s owner is told and closes the call with 1000; it stays readable and cannot be called again', async (context) => {
  const [rig, worker] = await Promise.all([Rig.start(context, ground), ScriptedWorker.start(context, ground, 'ender')]);
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id, { isNative: true });
  await caller.hears('ready');
  assert.equal((await rig.ask('GET', `/sessions/${id}`)).json['has_owner'], true);
  assert.equal((await rig.ask('DELETE', `/sessions/${id}`)).status, 204);
  assert.deepEqual(await caller.ending, { code: 1000, reason: 'Session over' });
  assert.deepEqual(worker.ended.all.filter((ended) => ended === id), [id]);
  const { json } = await rig.ask('GET', `/sessions/${id}`);
  assert.deepEqual([json['state'], json['has_owner']], ['ended', false]);
  const late = await Caller.call(context, rig, id);
  assert.equal((await late.ending).code, 1000);
  assert.equal((await rig.ask('DELETE', `/sessions/${id}`)).status, 204);
});

test('a session whose owner died is ended all the same, and its call here is closed', async (context) => {
  const [rig, worker] = await Promise.all([Rig.start(context, ground), ScriptedWorker.start(context, ground, 'mortal')]);
  const { id } = await rig.createSession();
  const caller = await Caller.call(context, rig, id, { isNative: true });
  await caller.hears('ready');
  await worker.die();
  assert.equal((await rig.ask('DELETE', `/sessions/${id}`)).status, 204);
  assert.equal((await caller.ending).code, 1000);
});
