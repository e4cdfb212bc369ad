import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { freePort, startProcess } from '../../shared/testing/servers.ts';
import { serverPath } from '../local/processes.ts';
import { RULES_FOLDER } from './promtool-fixture.ts';
import { shortened } from './shortened.ts';

const FILES = ['prometheus.yml', 'recording.rules.yml', 'alerting.rules.yml', 'alertmanager.yml'];
const WEBHOOK_URL = 'http://127.0.0.1:9095/alerts';
/** Elsewhere it is called `alertmanager`. */
const DEBIAN_ALERTMANAGER = 'prometheus-alertmanager';

/** An alert as a webhook brings it. */
export interface DeliveredAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** One line of a query's answer: its last value. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus and an Alertmanager with this project's rules, sixty times as fast, and who is told of alerts. */
export interface Watchers {
  /** Everything delivered so far, oldest first. */
  readonly delivered: readonly DeliveredAlert[];
  /** Waits until an alert like this was delivered. Rejects after `patienceMs`. */
  alert(name: string, status: DeliveredAlert['status'], patienceMs: number): Promise<DeliveredAlert>;
  /** What Prometheus answers now. Throws what it says about an expression it cannot read. */
  query(expr: string): Promise<readonly Sample[]>;
  /** Ends both; nothing is left. */
  stop(): Promise<void>;
}

/** Watches these members of a fleet, by `host:port`. Throws StartError. */
export async function startWatchers(gateways: readonly string[], workers: readonly string[]): Promise<Watchers> {
  const folder = mkdtempSync(join(tmpdir(), 'voxfleet-watchers-'));
  const receiver = await startReceiver();
  const ports = { prometheus: await freePort(), alertmanager: await freePort() };
  const file = (path: string, text: string): void => writeFileSync(join(folder, path), text);
  for (const path of FILES) file(path, shortened(readFileSync(join(RULES_FOLDER, path), 'utf8')).replace(WEBHOOK_URL, receiver.url));
  mkdirSync(join(folder, 'targets'));
  const targets = { gateways, workers, alertmanagers: [`127.0.0.1:${ports.alertmanager}`] };
  for (const [name, members] of Object.entries(targets)) file(join('targets', `${name}.json`), JSON.stringify([{ targets: members }]));
  const stops: (() => Promise<unknown>)[] = [async () => receiver.close(), async () => rmSync(folder, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).reverse()) await each();
  };
  try {
    const alertmanager = await startAlertmanager(folder, ports.alertmanager);
    stops.push(() => alertmanager.stop());
    const prometheus = await startPrometheus(folder, ports.prometheus);
    stops.push(() => prometheus.stop());
  } catch (error) {
    await stop();
    throw error;
  }
  return { delivered: receiver.delivered, alert: (name, status, patienceMs) => receiver.alert(name, status, patienceMs), query: (expr) => query(ports.prometheus, expr), stop };
}

function startPrometheus(folder: string, port: number): ReturnType<typeof startProcess> {
  return startProcess({
    name: 'prometheus', command: 'prometheus', readyUrl: `http://127.0.0.1:${port}/-/ready`,
    args: [`--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/prometheus`, `--web.listen-address=127.0.0.1:${port}`],
  });
}

function startAlertmanager(folder: string, port: number): ReturnType<typeof startProcess> {
  const command = serverPath().split(delimiter).some((place) => existsSync(join(place, DEBIAN_ALERTMANAGER))) ? DEBIAN_ALERTMANAGER : 'alertmanager';
  return startProcess({
    name: 'alertmanager', command, readyUrl: `http://127.0.0.1:${port}/-/ready`,
    // No gossip: there is one.
    args: [`--config.file=${folder}/alertmanager.yml`, `--storage.path=${folder}/alertmanager`, `--web.listen-address=127.0.0.1:${port}`, '--cluster.listen-address='],
  });
}

interface Receiver {
  readonly url: string;
  readonly delivered: readonly DeliveredAlert[];
  alert: Watchers['alert'];
  close(): void;
}

/** Takes the webhooks of an Alertmanager. */
async function startReceiver(): Promise<Receiver> {
  const delivered: DeliveredAlert[] = [];
  const server = createServer((request, response) => {
    const body: Buffer[] = [];
    request.on('data', (data: Buffer) => body.push(data)).on('end', () => {
      const { alerts } = JSON.parse(Buffer.concat(body).toString()) as { alerts: DeliveredAlert[] };
      delivered.push(...alerts);
      response.end();
      server.emit('delivered');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const alert: Receiver['alert'] = async (name, status, patienceMs) => {
    const signal = AbortSignal.timeout(patienceMs);
    for (;;) {
      const found = delivered.find((each) => each.labels['alertname'] === name && each.status === status);
      if (found !== undefined) return found;
      await once(server, 'delivered', { signal });
    }
  };
  return { url: `http://127.0.0.1:${port}/alerts`, delivered, alert, close: () => server.close() };
}

async function query(port: number, expr: string): Promise<readonly Sample[]> {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query: expr }).toString()}`);
  const answer = (await response.json()) as
    | { status: 'success'; data: { result: { metric: Record<string, string>; value: [number, string] }[] } }
    | { status: 'error'; error: string };
  if (answer.status === 'error') throw new Error(`${expr}: ${answer.error}`);
  return answer.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}
