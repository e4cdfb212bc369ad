import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { dashboardFiles } from './dashboards.ts';
import { DASHBOARD_PLANS } from './plans.ts';

const FOLDER = join(packageRoot(), 'deploy', 'grafana');

test('the dashboards that are committed are those of the code (npm run dashboards)', () => {
  const files = dashboardFiles();
  assert.deepEqual(readdirSync(FOLDER).filter((file) => file.endsWith('.json')).sort(), [...files.keys()].sort());
  for (const [file, json] of files) assert.equal(readFileSync(join(FOLDER, file), 'utf8'), json, file);
});

test('every panel says what to see in it, and no two of a dashboard are called alike', () => {
  for (const { name, panels } of DASHBOARD_PLANS) {
    assert.equal(new Set(panels.map(({ title }) => title)).size, panels.length, name);
    for (const { title, meaning } of panels) assert.match(meaning, /^[A-Z0-9a-z].*\.$/, title);
  }
});
