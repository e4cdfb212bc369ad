import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, test } from 'node:test';
import { freePort, isPortFree } from './ports.ts';

const folder = mkdtempSync(join(tmpdir(), 'voxfleet-supervisor-'));
after(() => { rmSync(folder, { recursive: true, force: true }); });

/** Stands in for a gateway or worker: health, a warning with its process id, SIGTERM; FAIL and STUBBORN name one that misbehaves. */
const STAND_IN = `
  const { createServer } = require('node:http');
  const name = process.env.GATEWAY_ID ?? process.env.WORKER_ID;
  if (process.env.FAIL === name) { console.error('cannot work like this'); process.exit(2); }
  if (!process.env.NATS_URL || !process.env.REDIS_URL) throw new Error('no servers given');
  createServer((request, reply) => { reply.statusCode = request.url === '/health/ready' ? 200 : 404; reply.end(); })
    .listen(Number(process.env.GATEWAY_ID ? process.env.PORT : process.env.ADMIN_PORT), '127.0.0.1');
  console.log(JSON.stringify({ level: 'info', msg: 'not for the terminal' }));
  console.log(JSON.stringify({ level: 'warn', msg: 'up', process: process.pid }));
  process.on('SIGTERM', () => { if (process.env.STUBBORN !== name) { console.log(JSON.stringify({ level: 'warn', msg: 'drained' })); process.exit(0); } });
`;
const main = join(folder, 'main.cjs');
writeFileSync(main, STAND_IN);

/** A supervisor in a process of its own, whose words can be waited for. */
class Supervisor {
  readonly process: ChildProcess;
  readonly exited: Promise<number | null>;
  said = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>>) {
    const places = JSON.stringify({ gatewayMain: main, workerMain: main, logFolder: join(folder, 'logs') });
    const script = `import { superviseFleet } from ${JSON.stringify(new URL('./supervisor.js', import.meta.url).href)};
      process.exitCode = await superviseFleet(process.argv.slice(1), ${places});`;
    this.process = spawn(process.execPath, ['--input-type=module', '--eval', script, '--', ...args], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.process.stdout, this.process.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => { this.said += text; });
    this.exited = new Promise((resolve) => this.process.once('close', resolve));
  }

  async says(pattern: RegExp): Promise<RegExpExecArray> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const found = pattern.exec(this.said);
      if (found !== null) return found;
      assert.ok(performance.now() < deadline, `never said ${String(pattern)}:\n${this.said}`);
      await sleep(10);
    }
  }

  /** The processes it started that still run. */
  children(): readonly number[] {
    const pid = String(this.process.pid);
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter((word) => word !== '').map(Number);
  }
}

async function untilTrue(isTrue: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!isTrue()) {
    assert.ok(performance.now() < deadline, `never came true: ${what}`);
    await sleep(10);
  }
}

function untilGone(pids: readonly number[]): Promise<void> {
  return untilTrue(() => !pids.some(isAlive), `${pids.join(' ')} are gone`);
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** A port whose successor is free as well. */
async function twoFreePorts(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port < 65_535 && (await isPortFree(port + 1))) return port;
  }
}

test('the fleet starts, a killed worker is started again, and a signal leaves nothing running', async () => {
  const port = await twoFreePorts();
  const supervisor = new Supervisor(['--gateways', '2', '--workers', '1'], { PORT: String(port) });
  await supervisor.says(new RegExp(`is ready: http://127.0.0.1:${port} +http://127.0.0.1:${port + 1}\n`));
  assert.equal(supervisor.children().length, 5);
  const victim = Number((await supervisor.says(/worker-1 \| warn: up process=(\d+)/))[1]);
  supervisor.said = '';
  process.kill(victim, 'SIGKILL');
  await supervisor.says(/worker-1 ended unexpectedly \(signal SIGKILL\); restart 1 in 0.25 s[^]*worker-1 is ready again/);
  const pids = supervisor.children();
  supervisor.process.kill('SIGTERM');
  assert.equal(await supervisor.exited, 0);
  await untilGone(pids);
  assert.match(supervisor.said, /gateway-1 \| warn: drained/);
  assert.doesNotMatch(supervisor.said, /not for the terminal/);
  assert.match(readFileSync(join(folder, 'logs', 'worker-1.log'), 'utf8'), /not for the terminal/);
});

test('a server that dies comes back on its port', async () => {
  const supervisor = new Supervisor(['--workers', '1'], { PORT: String(await freePort()) });
  await supervisor.says(/is ready/);
  for (const pid of supervisor.children()) {
    if (readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('nats')) process.kill(pid, 'SIGKILL');
  }
  await supervisor.says(/nats ended unexpectedly[^]*nats is ready again/);
  supervisor.process.kill('SIGINT');
  assert.equal(await supervisor.exited, 0);
});

test('a child that cannot start ends everything with its own words', async () => {
  const supervisor = new Supervisor([], { PORT: String(await freePort()), FAIL: 'worker-2' });
  assert.equal(await supervisor.exited, 1);
  assert.match(supervisor.said, /^Voxfleet did not start: worker-2 ended before it was ready \(exit code 2\):\n {2}cannot work like this\n$/);
});

test('a port in use and wrong arguments are told before anything starts', async () => {
  const port = await freePort();
  const holder = new Supervisor(['--workers', '1'], { PORT: String(port) });
  await holder.says(/is ready/);
  const cases: readonly (readonly [readonly string[], string, RegExp])[] = [
    [[], String(port), new RegExp(`^Voxfleet did not start: port ${port} is in use[^]*PORT`)],
    [[], 'many', /PORT is "many"; a whole number from 1 to 65535 is expected/],
    [['--workers', '0'], String(port), /--workers is "0"/],
    [['--wrokers', '2'], String(port), /--wrokers[^]*Known: --gateways N, --workers N/],
  ];
  for (const [args, asked, message] of cases) {
    const second = new Supervisor(args, { PORT: asked });
    assert.equal(await second.exited, 1);
    assert.match(second.said, message);
  }
  holder.process.kill('SIGTERM');
  assert.equal(await holder.exited, 0);
});

test('a second signal does not wait for a worker that will not end', async () => {
  const supervisor = new Supervisor([], { PORT: String(await freePort()), STUBBORN: 'worker-1' });
  await supervisor.says(/is ready/);
  const pids = supervisor.children();
  supervisor.process.kill('SIGINT');
  await supervisor.says(/worker-2 \| warn: drained/);
  supervisor.process.kill('SIGINT');
  assert.equal(await supervisor.exited, 0);
  await untilGone(pids);
});

test('a signal while the fleet starts leaves nothing running either', async () => {
  const supervisor = new Supervisor([], { PORT: String(await freePort()) });
  await untilTrue(() => supervisor.children().length >= 3, 'servers and a worker run');
  const pids = supervisor.children();
  supervisor.process.kill('SIGTERM');
  assert.equal(await supervisor.exited, 0);
  await untilGone(pids);
});

test('the children die with a supervisor that is killed', { skip: process.platform !== 'linux' }, async () => {
  const supervisor = new Supervisor(['--workers', '1'], { PORT: String(await freePort()) });
  await supervisor.says(/is ready/);
  const pids = supervisor.children();
  assert.equal(pids.length, 4);
  supervisor.process.kill('SIGKILL');
  await untilGone(pids);
});
