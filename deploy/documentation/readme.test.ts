import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../../shared/testing/servers.ts';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { readDocument } from './tables.ts';

const ROOT = packageRoot();
const START = 'npm start';
/** This test is part of what it runs. */
const RUNS_ITSELF = 'npm test';

/** What a command prints, by a part of it; others print a session. */
const EXPECTED: readonly (readonly [string, RegExp])[] = [
  ['npm run call', /front center/i],
  ['.peak_memory_usage', /^[1-9]\d{6,}\n$/],
  ['.websocket_manager', /"status":"healthy".*"connections":\d/],
  ['.audio_processing', /"queue_backlog":\{.*"total":\d.*"throughput":.*"stages_ms":.*"error_rate":0/],
];

const commands = [...readDocument(ROOT, 'README.md').matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) =>
  block.split('\n').filter((line) => line !== ''),
);

describe('the commands of the README, as a stranger types them', { timeout: 290_000 }, () => {
  let fleet: ChildProcess;
  let port: number;

  before(async () => {
    port = await freePort();
    fleet = spawn('/bin/sh', ['-c', `exec ${START}`], { cwd: ROOT, env: { ...process.env, PORT: String(port) }, stdio: ['ignore', 'pipe', 'inherit'] });
    await lineWith(fleet, `http://127.0.0.1:${port}`);
  });

  after(() => {
    if (fleet.exitCode === null) fleet.kill('SIGKILL');
  });

  test('it has the two commands it promises', () => {
    assert.deepEqual(commands.slice(0, 2), [START, RUNS_ITSELF]);
  });

  for (const command of commands.filter((line) => line !== START && line !== RUNS_ITSELF)) {
    test(command, async () => {
      const typed = withoutJq(command.replaceAll('127.0.0.1:8080', `127.0.0.1:${port}`));
      const isCall = typed.startsWith('npm run call');
      const { code, output } = await run(isCall ? `${typed} --url http://127.0.0.1:${port}` : typed);
      assert.equal(code, 0, output);
      const [, expected = /"session_id":.*"token":.*"ws_url":.*"expires_at":/s] = EXPECTED.find(([part]) => command.includes(part)) ?? [];
      assert.match(output, expected);
    });
  }

  test(`what ${START} began ends at Ctrl-C`, async () => {
    fleet.kill('SIGINT');
    const [code] = (await once(fleet, 'exit')) as [number | null];
    assert.equal(code, 0);
    await assert.rejects(fetch(`http://127.0.0.1:${port}/health/live`));
  });
});

/** The same without jq, which is not everywhere: `.a.b` of what is piped in. */
function withoutJq(command: string): string {
  const program = 'let text = ""; process.stdin.on("data", (data) => text += data).on("end", () => console.log(JSON.stringify(process.argv[1].slice(1).split(".").reduce((value, name) => value[name], JSON.parse(text)))))';
  return command.replace(/\| jq (\S+)$/, `| node -e '${program}' $1`);
}

async function lineWith(child: ChildProcess, text: string): Promise<void> {
  if (child.stdout === null) throw new Error('the child has no output to read');
  const seen: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    seen.push(line);
    if (line.includes(text)) return;
  }
  throw new Error(`it ended without saying ${text}:\n${seen.join('\n')}`);
}

async function run(command: string): Promise<{ code: number | null; output: string }> {
  const child = spawn('/bin/sh', ['-c', command], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  child.stdout.on('data', (data: Buffer) => output.push(data.toString()));
  child.stderr.on('data', (data: Buffer) => output.push(data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output: output.join('') };
}
