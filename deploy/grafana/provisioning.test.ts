import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import { COMPOSITIONS, composition } from '../compose/compose-files-fixture.ts';
import { dashboardFiles } from './dashboards.ts';

const FOLDER = join(packageRoot(), 'deploy', 'grafana', 'provisioning');
const UID = z.string().regex(/^[a-zA-Z0-9_-]{1,40}$/);

/**
 * The fields of https://grafana.com/docs/grafana/v11.2/administration/provisioning/, none other: Grafana passes over what it does not
 * know, so that a slip of the pen would only be seen in what is missing. Of `jsonData` those of Prometheus.
 */
const DATASOURCES = z.strictObject({
  apiVersion: z.literal(1),
  prune: z.boolean().optional(),
  deleteDatasources: z.array(z.strictObject({ name: z.string(), orgId: z.int().optional() })).optional(),
  datasources: z.array(z.strictObject({
    name: z.string().min(1), type: z.literal('prometheus'), access: z.enum(['proxy', 'direct']), orgId: z.int().optional(), uid: UID, url: z.url(),
    basicAuth: z.boolean().optional(), basicAuthUser: z.string().optional(), withCredentials: z.boolean().optional(), isDefault: z.boolean().optional(),
    version: z.int().optional(), editable: z.boolean().optional(),
    jsonData: z.strictObject({
      timeInterval: z.string().regex(/^\d+[smh]$/).optional(), httpMethod: z.enum(['GET', 'POST']).optional(), manageAlerts: z.boolean().optional(),
      alertmanagerUid: z.string().optional(), prometheusType: z.enum(['Prometheus', 'Cortex', 'Mimir', 'Thanos']).optional(), prometheusVersion: z.string().optional(),
    }).optional(),
  })).min(1),
});

const PROVIDERS = z.strictObject({
  apiVersion: z.literal(1),
  providers: z.array(z.strictObject({
    name: z.string().min(1), orgId: z.int().optional(), folder: z.string().optional(), folderUid: UID.optional(), type: z.literal('file'),
    disableDeletion: z.boolean().optional(), updateIntervalSeconds: z.int().positive().optional(), allowUiUpdates: z.boolean().optional(),
    options: z.strictObject({ path: z.string().startsWith('/'), foldersFromFilesStructure: z.boolean().optional() }),
  })).min(1),
});

const DASHBOARD = z.object({
  uid: UID,
  title: z.string().min(1),
  templating: z.object({ list: z.array(z.object({ name: z.string(), type: z.string(), query: z.string().optional() })) }),
  panels: z.array(z.object({
    id: z.int(), datasource: z.object({ type: z.string(), uid: z.string() }),
    targets: z.array(z.object({ refId: z.string(), expr: z.string().min(1), datasource: z.object({ type: z.string(), uid: z.string() }) })).min(1),
  })).min(1),
});

/** Every file of a folder, by the schema. */
function read<T>(kind: string, schema: z.ZodType<T>): T[] {
  return readdirSync(join(FOLDER, kind)).map((name) => {
    const document = parseDocument(readFileSync(join(FOLDER, kind, name), 'utf8'), { strict: true });
    assert.deepEqual([...document.errors, ...document.warnings], []);
    return schema.parse(document.toJS());
  });
}

describe('what Grafana is given', () => {
  const sources = read('datasources', DATASOURCES).flatMap(({ datasources }) => datasources);
  const providers = read('dashboards', PROVIDERS).flatMap(({ providers: each }) => each);
  const dashboards = [...dashboardFiles()].map(([file, json]) => ({ file, dashboard: DASHBOARD.parse(JSON.parse(json)) }));
  const { services } = composition(COMPOSITIONS['one machine']);
  const mounts = new Map((services['grafana']?.volumes ?? []).map((volume) => volume.split(':')).map(([from = '', to = '']) => [to, from]));

  test('has fields that its documentation knows, and nothing else', () => {
    assert.deepEqual(readdirSync(FOLDER).sort(), ['dashboards', 'datasources']);
    assert.throws(() => PROVIDERS.parse({ apiVersion: 1, providers: [{ name: 'a', type: 'file', option: { path: '/' } }] }), /option/);
  });

  test('is one default Prometheus, at the address of its service', () => {
    assert.equal(sources.filter(({ isDefault }) => isDefault === true).length, 1);
    assert.equal(new Set(sources.map(({ uid }) => uid)).size, sources.length);
    for (const { url } of sources) {
      const { hostname, port } = new URL(url);
      assert.ok(services[hostname]?.command?.includes(`--web.listen-address=:${port}`), url);
    }
  });

  test('is dashboards where the folder that holds them is mounted, the first of all among them', () => {
    for (const { options } of providers) assert.equal(mounts.get(options.path), './deploy/grafana');
    assert.equal(mounts.get('/etc/grafana/provisioning'), './deploy/grafana/provisioning');
    const home = services['grafana']?.environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'] ?? '';
    assert.ok(providers.some(({ options }) => dashboards.some(({ file }) => home === `${options.path}/${file}`)), home);
  });

  test('is dashboards that differ in uid and title, and ask a Prometheus that their reader may choose', () => {
    assert.equal(new Set(dashboards.map(({ dashboard }) => dashboard.uid)).size, dashboards.length);
    assert.equal(new Set(dashboards.map(({ dashboard }) => dashboard.title)).size, dashboards.length);
    for (const { file, dashboard: { templating, panels } } of dashboards) {
      assert.ok(templating.list.some(({ name, type, query }) => name === 'datasource' && type === 'datasource' && query === 'prometheus'), file);
      assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length, file);
      const asked = panels.flatMap(({ datasource, targets }) => [datasource, ...targets.map((target) => target.datasource)]);
      for (const source of asked) assert.deepEqual(source, { type: 'prometheus', uid: '${datasource}' }, file);
    }
  });
});
