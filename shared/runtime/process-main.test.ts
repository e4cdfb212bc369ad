import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';

const moduleUrl = (file: string): string => JSON.stringify(new URL(file, import.meta.url).href);

/** Runs a process of this body; `signals` are sent one by one, each once the process wrote a line to standard error. */
async function run(body: string, options: { env?: Record<string, string>; signals?: NodeJS.Signals[] } = {}): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const program = `
    const { runProcess } = await import(${moduleUrl('./process-main.js')});
    const { terminationSignal } = await import(${moduleUrl('./termination.js')});
    const { integer, loadConfig } = await import(${moduleUrl('./env.js')});
    const table = { least: integer('LEAST', 1, [1, 9], 'Least.'), most: integer('MOST', 9, [1, 9], 'Most.') };
    await runProcess({
      tier: 'worker', loadConfig: (env) => loadConfig(table, env), identityOf: () => ({ id: 'w1', logLevel: 'info' }),
      run: async (config, log) => { ${body} },
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], { env: { ...process.env, ...options.env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const signals = [...(options.signals ?? [])];
  child.stderr.on('data', () => {
    const signal = signals.shift();
    if (signal !== undefined) child.kill(signal);
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<unknown[]>]);
  return { code, stdout, stderr };
}

test('a process whose work is done ends with 0, also when timers are left', async () => {
  const { code, stdout } = await run(`setInterval(() => {}, 1000); log.info({ least: config.least }, 'done');`);
  assert.equal(code, 0);
  assert.equal((JSON.parse(stdout) as { least: number }).least, 1);
});

test('every mistake in the configuration is told in words, and the process ends with 1', async () => {
  const { code, stdout } = await run('log.info("not reached")', { env: { LEAST: '0', MOST: 'x' } });
  assert.equal(code, 1);
  const { level, mistakes } = JSON.parse(stdout) as { level: string; mistakes: string[] };
  assert.equal(level, 'fatal');
  assert.equal(mistakes.length, 2);
  assert.match(mistakes[0] ?? '', /^LEAST: .*got "0"$/);
  assert.match(mistakes[1] ?? '', /^MOST: .*got "x"$/);
});

test('what stops a process is one fatal log line, and it ends with 1', async () => {
  const { code, stdout } = await run(`throw new Error('no luck');`);
  assert.equal(code, 1);
  const line = JSON.parse(stdout) as { level: string; id: string; err: { message: string } };
  assert.deepEqual([line.level, line.id, line.err.message], ['fatal', 'w1', 'no luck']);
});

test('the first SIGTERM or SIGINT asks to drain, a second one ends the process at once with 1', async () => {
  const body = `const asked = terminationSignal(log, 60_000); const stay = setInterval(() => {}, 1000); console.error('up'); const signal = await asked; console.error(signal);`;
  const one = await run(body, { signals: ['SIGTERM'] });
  assert.deepEqual([one.code, one.stderr], [0, 'up\nSIGTERM\n']);
  const two = await run(`${body} await new Promise(() => {});`, { signals: ['SIGINT', 'SIGTERM'] });
  assert.deepEqual([two.code, two.stderr], [1, 'up\nSIGINT\n']);
});

test('a stop that is stuck is ended some seconds after the time for draining, with a line that says so', async () => {
  const body = `const asked = terminationSignal(log, 0); const stay = setInterval(() => {}, 1000); console.error('up'); await asked; await new Promise(() => {});`;
  const { code, stdout } = await run(body, { signals: ['SIGTERM'] });
  assert.equal(code, 1);
  assert.match(stdout, /the stop is stuck/);
});
