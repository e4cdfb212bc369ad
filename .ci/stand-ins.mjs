// Plays, for .ci/cluster, what its cluster has none of, by the API server's own interface:
// - the kubelets of six nodes in three zones: a pod bound to one is Running and Ready a second later (never, where its image's tag has
//   "broken"), and gone a second after it was deleted. Nothing runs in it, but for those of Voxfleet in RUN_NAMESPACE, which are
//   processes (.ci/pod-process.mjs), with PROXY_PORT leading to their Service. A node whose zone is named in FOLDER/gone says no more.
// - the metrics adapter and metrics-server: what FOLDER/metrics/NAME holds, shared by the pods that are asked about.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { runPod, startServiceProxy } from './pod-process.mjs';

const { SERVER, TOKEN, FOLDER, PORT, RUN_NAMESPACE, PROXY_PORT } = process.env;
const ZONES = ['a', 'b', 'c'];
const NODES = ZONES.flatMap((zone) => [1, 2].map((number) => ({ zone, name: `node-${zone}${number}` })));
const SIZE = { cpu: '32', memory: '128Gi', pods: '110' };

let addresses = 0;

const inFolder = (name) => {
  try {
    return readFileSync(join(FOLDER, name), 'utf8').trim();
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
};

async function ask(method, path, body, type = 'application/json') {
  const response = await globalThis.fetch(SERVER + path, { method, headers: { authorization: `Bearer ${TOKEN}`, 'content-type': type }, ...(body && { body: JSON.stringify(body) }) });
  const answer = await response.json();
  // Gone meanwhile, changed meanwhile, there already: whoever looks next finds it as it is.
  if (!response.ok && ![404, 409].includes(response.status)) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
}
const patchStatus = (path, status) => ask('PATCH', `${path}/status`, { status }, 'application/strategic-merge-patch+json');

const isPresent = ({ zone }) => inFolder('gone') !== zone;

async function beNodes() {
  for (const { zone, name } of NODES) {
    const labels = { 'kubernetes.io/hostname': name, 'topology.kubernetes.io/zone': zone, 'kubernetes.io/os': 'linux' };
    await ask('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, status: { capacity: SIZE, allocatable: SIZE } });
  }
  for (;;) {
    const now = new Date().toISOString();
    for (const node of NODES.filter(isPresent)) {
      await patchStatus(`/api/v1/nodes/${node.name}`, { conditions: [{ type: 'Ready', status: 'True', reason: 'StandIn', lastHeartbeatTime: now, lastTransitionTime: now }] });
    }
    await pause(2000);
  }
}

async function beKubelets() {
  for (;;) {
    const { items } = await ask('GET', '/api/v1/pods');
    for (const pod of items) {
      const node = NODES.find(({ name }) => name === pod.spec.nodeName);
      if (node !== undefined && isPresent(node)) await attend(pod);
    }
    await pause(300);
  }
}

async function attend(pod) {
  const { metadata, spec, status } = pod;
  const path = `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;
  if (metadata.namespace === RUN_NAMESPACE && spec.containers[0].image.startsWith('voxfleet:')) return attendProcess(pod, path);
  if (metadata.deletionTimestamp !== undefined) {
    // It is set to when the grace ends.
    const deletedAtMs = Date.parse(metadata.deletionTimestamp) - 1000 * (metadata.deletionGracePeriodSeconds ?? 0);
    if (Date.now() - deletedAtMs > 1000) await remove(path);
    return;
  }
  const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (status.phase === 'Running' || Date.now() - Date.parse(scheduled?.lastTransitionTime) < 1000) return;
  await patchStatus(path, running(spec, nextAddress(), !spec.containers.some(({ image }) => image.includes('broken'))));
}

const remove = (path) => ask('DELETE', `${path}?gracePeriodSeconds=0`);
const nextAddress = () => `10.244.${(addresses += 1) >> 8}.${addresses & 255}`;

function running({ containers }, address, isReady) {
  const now = new Date().toISOString();
  const ready = isReady ? 'True' : 'False';
  const containerStatuses = containers.map(({ name, image }) => ({ name, image, imageID: image, ready: isReady, started: true, restartCount: 0, state: { running: { startedAt: now } } }));
  const conditions = ['Initialized', 'Ready', 'ContainersReady'].map((type) => ({ type, status: type === 'Initialized' ? 'True' : ready, lastTransitionTime: now }));
  return { phase: 'Running', startTime: now, podIP: address, hostIP: '10.0.0.1', containerStatuses, conditions };
}

// By their uid, as they were last seen.
const processes = new Map();

async function attendProcess(pod, path) {
  const { uid, deletionTimestamp } = pod.metadata;
  const isNew = !processes.has(uid);
  if (isNew && deletionTimestamp !== undefined) return remove(path);
  processes.set(uid, pod);
  if (!isNew) return;
  const address = nextAddress();
  const isDeleted = () => processes.get(uid).metadata.deletionTimestamp !== undefined;
  runPod(pod, address, ask, (isReady) => patchStatus(path, running(pod.spec, address, isReady)), isDeleted).then(() => remove(path)).catch((error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
  });
}

async function beServiceProxy() {
  let known = {};
  startServiceProxy(Number(PROXY_PORT), () => known);
  for (;;) {
    known = await ask('GET', `/api/v1/namespaces/${RUN_NAMESPACE}/endpoints/voxfleet-gateway`);
    await pause(300);
  }
}

const GROUPS = {
  'custom.metrics.k8s.io': [['pods/voxfleet_gateway_connections', 'MetricValueList'], ['pods/voxfleet_slots_used', 'MetricValueList']],
  'external.metrics.k8s.io': [['voxfleet_lane_wait_p99_seconds', 'ExternalMetricValueList']],
  'metrics.k8s.io': [['pods', 'PodMetrics']],
};

/** What the server's aggregator passes on: /apis/GROUP/v1beta1[/namespaces/NAMESPACE/…]. */
async function metrics(url) {
  const [, , group, version, , namespace, ...rest] = url.pathname.split('/');
  const apiVersion = `${group}/${version}`;
  const timestamp = new Date().toISOString();
  if (namespace === undefined) return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: apiVersion, resources: GROUPS[group].map(([name, kind]) => ({ name, kind, namespaced: true, singularName: '', verbs: ['get'] })) };
  const metricName = rest.at(-1);
  const value = Number(inFolder(`metrics/${metricName === 'pods' ? 'cpu' : metricName}`) || 0);
  if (group.startsWith('external')) return { kind: 'ExternalMetricValueList', apiVersion, metadata: {}, items: [{ metricName, metricLabels: {}, timestamp, value: `${Math.round(value * 1000)}m` }] };
  const { items } = await ask('GET', `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(url.searchParams.get('labelSelector') ?? '')}`);
  const share = `${Math.round((value * 1000) / Math.max(1, items.length))}m`;
  if (group.startsWith('custom')) return { kind: 'MetricValueList', apiVersion, metadata: {}, items: items.map(({ metadata: { name } }) => ({ describedObject: { kind: 'Pod', namespace, name, apiVersion: 'v1' }, metricName, timestamp, value: share })) };
  return { kind: 'PodMetricsList', apiVersion, metadata: {}, items: items.map(({ metadata: { name }, spec }) => ({ metadata: { name, namespace }, timestamp, window: '10s', containers: spec.containers.map((container) => ({ name: container.name, usage: { cpu: share, memory: '100Mi' } })) })) };
}

createServer({ key: readFileSync(join(FOLDER, 'metrics.key')), cert: readFileSync(join(FOLDER, 'metrics.crt')) }, (request, response) => {
  metrics(new URL(request.url, SERVER)).then(
    (answer) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
    (error) => response.writeHead(404, { 'content-type': 'text/plain' }).end(String(error)),
  );
}).listen(Number(PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit());
await Promise.all([beNodes(), beKubelets(), ...(RUN_NAMESPACE ? [beServiceProxy()] : [])]);
