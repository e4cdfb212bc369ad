import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FleetUnderLoad } from './fleet-under-load.ts';
import { readLoadOptions, type LoadOptions } from './load-options.ts';
import { bytesPerConnection, runBatches, runSteady, type PlanResult } from './plans.ts';
import { ProgressView } from './progress.ts';
import { runRamp } from './ramp.ts';
import { SCENARIOS } from './scenarios.ts';

const view = new ProgressView({ write: () => undefined });

function optionsFor(command: string): LoadOptions {
  return readLoadOptions(command.split(' ')) ?? assert.fail('these are options');
}

/** Nothing went wrong; how late anything was is nobody's business here. */
function assertSound({ counts, verdicts, faults }: PlanResult): void {
  assert.deepEqual(faults, []);
  const broken = verdicts.filter(({ expected, isGood }) => !isGood && !expected.includes('generators'));
  assert.deepEqual(broken, [], JSON.stringify(counts));
}

describe('every scenario of the load tool, briefly', { concurrency: 1, timeout: 280_000 }, () => {
  let fleet: FleetUnderLoad;
  before(async () => {
    // What all of them need together: sessions name their engines.
    fleet = await FleetUnderLoad.open({ scenario: SCENARIOS.slow, callers: 40, gateways: 1, workers: 1, urls: [] });
  });
  after(() => fleet.stop());

  test('text: each message is answered once, rightly and in order; also when they are asked by the clock', async () => {
    const result = await runSteady(optionsFor('text --callers 4 --messages 25 --seconds 30'), fleet, view);
    assertSound(result);
    assert.deepEqual(result.counts, { 'answers right': 100, 'messages asked': 100 });
    assert.ok(result.lateness.count > 0, 'a generator is looked at for being late also where it sends nothing by the clock');
    const clocked = await runSteady(optionsFor('text --callers 4 --messages 10 --rate 80 --seconds 30'), fleet, view);
    assertSound(clocked);
    assert.deepEqual([clocked.counts['answers right'], clocked.lateness.count >= 40], [40, true]);
  });

  test('relay: each frame comes back once and in order, over two generator processes', async () => {
    const result = await runSteady(optionsFor('relay --callers 6 --seconds 2 --generators 2'), fleet, view);
    assertSound(result);
    const { 'frames sent': sent = 0, 'frames heard': heard } = result.counts;
    assert.ok(sent >= 300, `${sent} frames`);
    assert.deepEqual([heard, result.series['added']?.summary.count], [sent, sent]);
    assert.equal(result.processes.filter(({ name }) => name.startsWith('generator')).length, 2);
  });

  test('talk: each turn is understood and answered, each frame taken, each message of the agent heard', async () => {
    const result = await runSteady(optionsFor('talk --callers 4 --seconds 4'), fleet, view);
    assertSound(result);
    const { turns = 0, 'turns answered': answered, 'transcripts right': right } = result.counts;
    assert.ok(turns > 0);
    assert.deepEqual([answered, right], [turns, turns]);
  });

  test('mixed: nothing is lost in any lane', async () => {
    const result = await runSteady(optionsFor('mixed --callers 6 --seconds 2'), fleet, view);
    assertSound(result);
    const { 'bulk frames sent': sent = 0, 'bulk frames heard': heard } = result.counts;
    assert.ok(sent > 0);
    assert.equal(heard, sent);
    for (const name of ['urgent alone', 'urgent beside bulk', 'bulk']) assert.ok((result.series[name]?.summary.count ?? 0) > 0, name);
  });

  test('slow: who does not read costs nobody else a frame', async () => {
    const result = await runSteady(optionsFor('slow --callers 4 --seconds 2'), fleet, view);
    assertSound(result);
    assert.equal(result.counts['slow receivers'], 1);
    const figure = result.figures.find(({ name }) => name === 'slow receivers let go');
    assert.equal(figure?.value, `${result.counts['slow receivers let go'] ?? 0} of 1`, 'whenever it found out');
  });

  test('churn and burst: every call goes on after its connection was cut, with every answer once', async () => {
    for (const command of ['churn --rate 6 --seconds 2', 'burst --callers 6 --seconds 1']) {
      const result = await runSteady(optionsFor(command), fleet, view);
      assertSound(result);
      const { resumes = 0, resumed, 'messages asked': asked = 0, 'answers right': right } = result.counts;
      assert.ok(asked > 0, command);
      assert.deepEqual([resumed ?? 0, right], [resumes, asked], command);
    }
  });

  test('idle: every connection stands until the end', async () => {
    const result = await runBatches(optionsFor('idle --callers 20 --seconds 1'), fleet, view, 50);
    assertSound(result);
    assert.ok(result.lateness.count > 0);
    assert.deepEqual([result.counts['connects'], result.memory.map(({ connections }) => connections)], [20, [0, 4, 8, 12, 16, 20, 20]]);
  });

  test('ramp: step after step, as far as it is let', async () => {
    const result = await runRamp(optionsFor('ramp --callers 2 --seconds 1 --bound-ms 60000 --late-ms 60000'), fleet, view, 3);
    assertSound(result);
    assert.deepEqual(result.steps.map(({ callers, isGood }) => [callers, isGood]), [[2, true], [3, true]]);
  });

  test('capacity: what people said is understood by the embedded engines and answered', async () => {
    const result = await runRamp(optionsFor('capacity --callers 1 --seconds 4 --bound-ms 60000 --late-ms 60000'), fleet, view, 1);
    assertSound(result);
    const { turns = 0, 'turns answered': answered } = result.counts;
    assert.ok(turns > 0);
    assert.equal(answered, turns);
  });

  test('the command writes its report and says what it expects; what it does not know it says in a sentence', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'voxfleet-load-'));
    const url = fleet.urls[0] ?? '';
    const run = await command('relay', '--callers', '2', '--seconds', '1', '--late-ms', '60000', '--url', url, '--report', folder, '--baseline', join(folder, 'baseline.json'));
    assert.equal(run.code, 0, run.output);
    assert.match(run.output, /✔ no echo lost/);
    assert.ok(existsSync(join(folder, 'report.html')));
    assert.equal(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')).scenario, 'relay');
    const late = await command('relay', '--callers', '2', '--seconds', '1', '--late-ms', '0', '--url', url, '--report', folder, '--compare', join(folder, 'baseline.json'));
    assert.equal(late.code, 1, 'a generator that was late fails the run');
    assert.match(late.output, /✘ the generators were in time[^]*too short to say/);
    for (const [args, words] of [[['everything'], /expected one scenario/], [['talk', '--callers', 'many'], /--callers: expected a whole number/], [['talk', '--loudly'], /--loudly/], [['text', '--compare', folder], /cannot be read/],
      [['text', '--compare', join(folder, 'baseline.json')], /is of relay, not of text/], [['text', '--report', join(folder, 'report.html')], /--report: EEXIST/],
      [['text', '--report', folder, '--baseline', join(folder, 'nowhere', 'b.json')], /--baseline: ENOENT/]] as const) {
      const wrong = await command(...args);
      assert.equal(wrong.code, 2, wrong.output);
      assert.match(wrong.output, words);
    }
    rmSync(folder, { recursive: true, force: true });
  });
});

test('memory of a connection is the slope over the batches, without what is only paid once', () => {
  const memory = [0, 100, 200, 300].map((connections) => ({ connections, privateBytes: connections === 0 ? 1e6 : 9e6 + connections * 2048 }));
  assert.equal(bytesPerConnection(memory), 2048);
});

function command(...args: string[]): Promise<{ readonly code: number; readonly output: string }> {
  const entry = fileURLToPath(new URL('../loadtest.js', import.meta.url));
  return new Promise((resolve) => {
    const child = execFile(process.execPath, ['--enable-source-maps', entry, ...args], { timeout: 60_000 }, (_, stdout, stderr) => resolve({ code: child.exitCode ?? -1, output: stdout + stderr }));
  });
}
