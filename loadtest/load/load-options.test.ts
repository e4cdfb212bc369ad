import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readLoadOptions, USAGE, UsageError } from './load-options.ts';

function refused(command: string): string {
  try {
    readLoadOptions(command.split(' '));
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return 'nothing is wrong with it';
}

describe('what is typed', () => {
  it('is refused in a sentence where it can mean nothing', () => {
    assert.match(refused('churn --rate 0'), /--rate: expected calls a second, got 0/);
    assert.match(refused('relay --url nonsense'), /--url: expected http:\/\/host:port .* got "nonsense"/);
    assert.match(refused('relay --url ws://127.0.0.1:8080'), /--url: expected http/);
    assert.match(refused('relay --url http://a --fleet gateways=2'), /--url is a fleet that is there/);
    assert.match(refused('relay --fleet gateways=0'), /--fleet: expected a whole number from 1/);
    assert.match(refused('relay --seed='), /--seed: expected a whole number/);
  });

  it('is refused where the scenario would not look at it', () => {
    assert.equal(refused('talk --rate 5'), '--rate is not for talk, only for text, churn');
    assert.equal(refused('relay --messages 5'), '--messages is not for relay, only for text');
    assert.match(refused('churn --callers 5'), /^--callers is not for churn, only for text, talk/);
    assert.match(refused('text --bound-ms 5'), /only for ramp, capacity/);
    assert.match(refused('idle --warmup 1'), /--warmup is not for idle/);
  });

  it('may end an address with a slash, and name several', () => {
    assert.deepEqual(readLoadOptions(['relay', '--url', 'http://a:1/,https://b', '--url', 'http://c/edge/'])?.urls, ['http://a:1', 'https://b', 'http://c/edge']);
  });

  it('warms up only where there is time for it and what is measured goes on', () => {
    const warmup = (command: string): number | undefined => readLoadOptions(command.split(' '))?.warmupSeconds;
    assert.deepEqual(['relay --seconds 8', 'relay --seconds 7', 'ramp --seconds 8', 'text', 'idle --seconds 60', 'text --warmup 1'].map(warmup), [2, 0, 2, 0, 0, 1]);
  });

  it('is told with what each scenario does where nothing is typed', () => {
    assert.equal(readLoadOptions(['--help']), undefined);
    for (const words of ['one answer each (50, at most 60 s)', 'at a rate (20 a second, 20 s)', '(from 100, 6 s a step, 20 ms)']) assert.ok(USAGE.includes(words), words);
  });
});
