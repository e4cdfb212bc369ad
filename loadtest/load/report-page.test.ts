import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { compareResults } from './comparison.ts';
import { baselineOf } from './load-result.ts';
import { reportPage } from './report-page.ts';
import { resultFixture } from './result-fixture.ts';

const windows = Array.from({ length: 12 }, (_, atS) => ({ atS, count: 100, p50Ms: 1, p99Ms: 10 + atS, maxMs: 20 }));

test('the page draws a result and an older one in a browser, loads nothing from elsewhere, and what was said cannot break it', { timeout: 180_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-page-'));
  const result = resultFixture({ windows, faults: ['</script><script>window.broken = true</script> $& <b>'] });
  const old = baselineOf(result);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const file = join(folder, 'report.html');
    writeFileSync(file, reportPage(result, old, compareResults(old, result)));
    const page = await browser.newPage();
    const errors: string[] = [];
    const requests: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    await page.locator('footer').waitFor();
    assert.deepEqual(errors, []);
    assert.deepEqual(requests, [pathToFileURL(file).href]);
    assert.equal(await page.locator('canvas').count(), 5, 'over time, histogram, throughput, CPU, memory');
    assert.ok((await page.locator('pre').innerText()).includes('window.broken = true</script> $& <b>'));
    assert.equal(await page.evaluate('window.broken'), undefined);
    assert.equal(await page.getByText('within the noise').count(), 2);
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
