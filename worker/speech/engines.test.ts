import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { createLog } from '../../shared/runtime/log.ts';
import { VoxError } from '../../shared/runtime/errors.ts';
import { embeddedEngine } from './embedded/engine.ts';
import { loadEngineModules } from './engine-modules.ts';
import { Engines, type EngineDefaults } from './engines.ts';
import { openaiEngine } from './openai-compatible/engine.ts';
import type { EngineContext, EngineModule, Responder } from './ports.ts';
import { scriptedEngine } from './scripted/engine.ts';

const context: EngineContext = { env: {}, log: createLog({ tier: 'test', id: 'test', level: 'silent' }) };
const defaults: EngineDefaults = { voice_activity: 'full', recognizer: 'full', responder: 'full', synthesizer: 'full' };

function responder(name: string, closed: string[] = []): Responder {
  return {
    name,
    phrases: () => [],
    async *respond() {
      yield { kind: 'text', text: name };
    },
    close: async () => void closed.push(name),
  };
}

function full(makeResponder: () => Promise<Responder>): EngineModule {
  const never = async (): Promise<never> => Promise.reject(new Error('not part of this test'));
  return { name: 'full', voiceActivity: never, recognizer: never, synthesizer: never, responder: makeResponder };
}

describe('the engine registry', () => {
  it('makes an engine on the first ask and once', async () => {
    let makes = 0;
    const engines = new Engines({ modules: [full(async () => responder(`made ${++makes}`))], context, defaults });
    assert.equal(makes, 0);
    const [first, second] = await Promise.all([engines.responder(), engines.responder('full')]);
    assert.equal(first, second);
    assert.equal(makes, 1);
  });

  it('tries a failed make again on the next ask, whether it threw at once or later', async () => {
    const outcomes = [
      () => { throw new Error('at once'); },
      () => Promise.reject(new Error('later')),
      () => Promise.resolve(responder('third time')),
    ];
    const engines = new Engines({ modules: [full(() => outcomes.shift()?.() ?? Promise.reject(new Error('asked too often')))], context, defaults });
    await assert.rejects(engines.responder(), /at once/);
    await assert.rejects(engines.responder(), /later/);
    assert.equal((await engines.responder()).name, 'third time');
  });

  it('refuses an unknown name with the path of the field and what exists', async () => {
    const other: EngineModule = { name: 'other', responder: async () => responder('other') };
    const engines = new Engines({ modules: [full(async () => responder('full')), other], context, defaults });
    await assert.rejects(engines.responder('nope'), (error: unknown) => {
      assert.ok(error instanceof VoxError);
      assert.equal(error.code, 'bad_request');
      assert.match(error.message, /agent\.engines\.responder.*"nope".*full, other/);
      return true;
    });
    await assert.rejects(engines.recognizer('other'), /agent\.engines\.recognizer/);
    await assert.rejects(engines.responder('__proto__'), /agent\.engines\.responder/);
  });

  it('lists the names of each need', () => {
    const other: EngineModule = { name: 'other', responder: async () => responder('other') };
    const engines = new Engines({ modules: [full(async () => responder('full')), other], context, defaults });
    assert.deepEqual(engines.names(), {
      voice_activity: ['full'], recognizer: ['full'], responder: ['full', 'other'], synthesizer: ['full'],
    });
  });

  it('serves the engines that come with the product, mixed by need', async () => {
    const mixed: EngineDefaults = { voice_activity: 'embedded', recognizer: 'openai', responder: 'scripted', synthesizer: 'scripted' };
    const engines = new Engines({ modules: [embeddedEngine, openaiEngine, scriptedEngine], context, defaults: mixed });
    const all = ['embedded', 'openai', 'scripted'];
    assert.deepEqual(engines.names(), { voice_activity: ['embedded', 'scripted'], recognizer: all, responder: all, synthesizer: all });
    assert.equal((await engines.responder()).name, 'scripted');
    assert.equal((await engines.voiceActivity('scripted')).name, 'scripted');
    await assert.rejects(engines.recognizer(), /OPENAI_API_KEY/, 'an engine without its settings says so when it is asked for');
    await engines.close();
  });

  it('closes what was made, goes on past one that does not close, and makes nothing afterwards', async () => {
    const closed: string[] = [];
    const sour: EngineModule = {
      name: 'sour',
      responder: async () => ({ ...responder('sour'), close: async () => Promise.reject(new Error('will not')) }),
    };
    const engines = new Engines({ modules: [full(async () => responder('full', closed)), sour], context, defaults });
    await engines.responder('sour');
    const beingMade = engines.responder('full');
    await engines.close();
    assert.equal((await beingMade).name, 'full');
    assert.deepEqual(closed, ['full']);
    await assert.rejects(engines.responder(), /closed/);
  });

  it('refuses two modules of one name and a default that does not exist', () => {
    const module = full(async () => responder('full'));
    assert.throws(() => new Engines({ modules: [module, module], context, defaults }), /two engine modules are named "full"/);
    assert.throws(
      () => new Engines({ modules: [module], context, defaults: { ...defaults, recognizer: 'gone' } }),
      /default recognizer engine is "gone".*full/,
    );
  });
});

describe('engine modules of one’s own', () => {
  async function folderWith(t: TestContext, files: Record<string, string>): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'engine-modules-'));
    t.after(() => rm(folder, { recursive: true }));
    for (const [name, source] of Object.entries(files)) await writeFile(join(folder, name), source);
    return folder;
  }

  it('are imported from paths relative to the folder', async (t) => {
    const source = 'export const engine = { name: "mine", responder: async () => { throw new Error("unused"); } };';
    const folder = await folderWith(t, { 'mine.mjs': source, 'bare.mjs': source });
    const modules = await loadEngineModules(['./mine.mjs', 'bare.mjs'], folder);
    assert.deepEqual(modules.map((module) => module.name), ['mine', 'mine']);
  });

  it('are refused all at once, each with its reason', async (t) => {
    const folder = await folderWith(t, {
      'none.mjs': 'export const other = 1;',
      'nameless.mjs': 'export const engine = { responder() {} };',
      'useless.mjs': 'export const engine = { name: "useless" };',
      'wrong.mjs': 'export const engine = { name: "wrong", recognizer: 7 };',
    });
    const paths = ['./none.mjs', './nameless.mjs', './useless.mjs', './wrong.mjs', './absent.mjs', 'no-such-package'];
    await assert.rejects(loadEngineModules(paths, folder), (error: unknown) => {
      assert.ok(error instanceof Error);
      const lines = error.message.split('\n- ');
      assert.equal(lines.length, 7);
      assert.match(lines[1] ?? '', /none\.mjs: .*no export named `engine`/);
      assert.match(lines[2] ?? '', /engine\.name/);
      assert.match(lines[3] ?? '', /serves nothing/);
      assert.match(lines[4] ?? '', /engine\.recognizer` must be a function/);
      assert.match(lines[5] ?? '', /absent\.mjs: it cannot be imported/);
      assert.match(lines[6] ?? '', /no-such-package: it cannot be imported/);
      return true;
    });
  });
});
