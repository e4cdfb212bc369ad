import { existsSync, readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';

export type Tier = 'gateway' | 'worker';

/** How a kubelet asks a container: every so often, and what it takes the answer for. */
export interface Probe {
  readonly path: string;
  readonly periodMs: number;
  readonly timeoutMs: number;
  readonly failureThreshold: number;
}

/** What a Deployment says about how its pods come and go. */
export interface DeploymentPlan {
  readonly tier: Tier;
  readonly replicas: number;
  /** Pods beyond `replicas` while rolling, and pods below it: percentages are reckoned as Kubernetes does. */
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly minReadyMs: number;
  readonly graceMs: number;
  readonly preStopMs: number;
  readonly startup: Probe;
  readonly readiness: Probe;
  /** Those settings that say how long things take; the rest is a matter of the machine. */
  readonly env: Readonly<Record<string, string>>;
}

/** Manifests that do not say what a rehearsal has to know; the message says what is expected. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

const COMPONENT = 'app.kubernetes.io/component';
/** Settings that are times of coming, going and keeping. */
const TIMINGS = /^(DRAIN_DEADLINE|GOAWAY_SPREAD|HANDOFF_AFTER|RECONNECT_GRACE|LEASE|REPLAY|WORKER_LOST_AFTER|ADMISSION_WAIT|PLAYOUT_LEAD)_MS$/;
/** What Kubernetes takes where a manifest says nothing. */
const DEFAULTS = { surge: '25%', graceS: 30, periodS: 10, timeoutS: 1, failureThreshold: 3 } as const;

/** One of the tier's Deployments, read from a file of manifests as `kubectl kustomize` writes it. Throws ManifestError. */
export function readDeployment(file: string, tier: Tier): DeploymentPlan {
  if (!existsSync(file)) throw new ManifestError(`there is no ${file}: expected rendered manifests (kubectl kustomize k8s/overlays/production > ${file})`);
  return deploymentIn(readFileSync(file, 'utf8'), tier, file);
}

/** The same of a text. `source` stands in messages. */
export function deploymentIn(text: string, tier: Tier, source: string): DeploymentPlan {
  const objects = parseAllDocuments(text).map((document) => new Fields(document.toJS({ maxAliasCount: 1000 }), source));
  const found = objects.filter((object) => object.text('kind') === 'Deployment' && object.at('metadata').at('labels').text(COMPONENT) === tier);
  const [deployment] = found;
  if (deployment === undefined || found.length > 1) throw new ManifestError(`${source}: expected one Deployment with the label ${COMPONENT}: ${tier}, found ${found.length}`);
  return planOf(deployment, tier, objects);
}

function planOf(deployment: Fields, tier: Tier, objects: readonly Fields[]): DeploymentPlan {
  const spec = deployment.at('spec');
  const pod = spec.at('template').at('spec');
  const [container] = pod.list('containers');
  if (container === undefined) throw new ManifestError(`${deployment.where}: expected a container`);
  const replicas = spec.number('replicas') ?? leastByAutoscaler(deployment, objects) ?? 1;
  const rolling = spec.at('strategy').at('rollingUpdate');
  return {
    tier, replicas,
    maxSurge: share(rolling.scalar('maxSurge') ?? DEFAULTS.surge, replicas, Math.ceil),
    maxUnavailable: share(rolling.scalar('maxUnavailable') ?? DEFAULTS.surge, replicas, Math.floor),
    minReadyMs: (spec.number('minReadySeconds') ?? 0) * 1000,
    graceMs: (pod.number('terminationGracePeriodSeconds') ?? DEFAULTS.graceS) * 1000,
    preStopMs: preStopMs(container),
    startup: probeOf(container, 'startupProbe'),
    readiness: probeOf(container, 'readinessProbe'),
    env: timings(container, objects),
  };
}

/** Where an autoscaler decides, it begins with its least. */
function leastByAutoscaler(deployment: Fields, objects: readonly Fields[]): number | undefined {
  const name = deployment.at('metadata').text('name');
  const kinds = ['HorizontalPodAutoscaler', 'ScaledObject'];
  const scaler = objects.find((object) => kinds.includes(object.text('kind') ?? '') && object.at('spec').at('scaleTargetRef').text('name') === name);
  return scaler?.at('spec').number('minReplicas') ?? scaler?.at('spec').number('minReplicaCount');
}

function share(value: string | number, replicas: number, round: (value: number) => number): number {
  if (typeof value === 'number') return value;
  return value.endsWith('%') ? round((Number(value.slice(0, -1)) / 100) * replicas) : Number(value);
}

function preStopMs(container: Fields): number {
  const preStop = container.at('lifecycle').at('preStop');
  const seconds = preStop.at('sleep').number('seconds');
  if (seconds !== undefined) return seconds * 1000;
  const words = preStop.at('exec').texts('command').join(' ');
  if (words === '') return 0;
  const slept = /\bsleep (\d+(?:\.\d+)?)/.exec(words)?.[1];
  if (slept === undefined) throw new ManifestError(`${container.where}: expected a preStop that sleeps, got ${words}`);
  return Number(slept) * 1000;
}

function probeOf(container: Fields, name: string): Probe {
  const probe = container.at(name);
  const path = probe.at('httpGet').text('path');
  if (path === undefined) throw new ManifestError(`${container.where}: expected ${name} with httpGet`);
  return {
    path,
    periodMs: (probe.number('periodSeconds') ?? DEFAULTS.periodS) * 1000,
    timeoutMs: (probe.number('timeoutSeconds') ?? DEFAULTS.timeoutS) * 1000,
    failureThreshold: probe.number('failureThreshold') ?? DEFAULTS.failureThreshold,
  };
}

/** ConfigMaps in their order, then what the container says itself. */
function timings(container: Fields, objects: readonly Fields[]): Record<string, string> {
  const maps = container.list('envFrom').map((from) => from.at('configMapRef').text('name'));
  const data = maps.flatMap((name) => objects.filter((object) => object.text('kind') === 'ConfigMap' && object.at('metadata').text('name') === name).flatMap((object) => object.at('data').entries()));
  const own = container.list('env').flatMap((variable): [string, string][] => {
    const value = variable.scalar('value');
    return value === undefined ? [] : [[variable.text('name') ?? '', String(value)]];
  });
  return Object.fromEntries([...data, ...own].filter(([name]) => TIMINGS.test(name)));
}

/** A part of a manifest, which may be missing; what is there and of another type is said. */
class Fields {
  readonly where: string;
  readonly #value: Readonly<Record<string, unknown>>;

  constructor(value: unknown, where: string) {
    this.where = where;
    this.#value = typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  }

  at(name: string): Fields {
    return new Fields(this.#value[name], `${this.where}.${name}`);
  }

  list(name: string): Fields[] {
    const value = this.#value[name];
    return Array.isArray(value) ? value.map((each, at) => new Fields(each, `${this.where}.${name}[${at}]`)) : [];
  }

  texts(name: string): string[] {
    const value = this.#value[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  entries(): [string, string][] {
    return Object.entries(this.#value).map(([name, value]) => [name, String(value)]);
  }

  text(name: string): string | undefined {
    const value = this.#value[name];
    return typeof value === 'string' ? value : undefined;
  }

  scalar(name: string): string | number | undefined {
    const value = this.#value[name];
    return typeof value === 'string' || typeof value === 'number' ? value : undefined;
  }

  number(name: string): number | undefined {
    const value = this.#value[name];
    if (value === undefined || typeof value === 'number') return value;
    throw new ManifestError(`${this.where}.${name}: expected a number, got ${JSON.stringify(value)}`);
  }
}
