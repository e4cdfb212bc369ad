// A pod of Voxfleet as a process of this machine, for .ci/stand-ins.mjs: the image's own program, at the pod's own address, with the
// settings of the pod's ConfigMaps (but for where NATS and Redis are); readiness as its probes say; preStop, SIGTERM and, after its
// grace, SIGKILL when it was deleted. Liveness, limits and security contexts are not played.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, openSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';

const { FOLDER, NATS_URL, REDIS_URL } = process.env;

const children = new Set();
process.on('exit', () => children.forEach((child) => child.kill('SIGKILL')));

/** Runs the pod until it was deleted and has ended; `reportReady` is told each time that changes, `isDeleted` is asked. */
export async function runPod({ metadata, spec }, address, ask, reportReady, isDeleted) {
  const [container] = spec.containers;
  const env = await environmentOf(metadata, container, ask);
  const log = openSync(join(FOLDER, `${metadata.name}.log`), 'a');
  const child = spawn(process.execPath, ['dist/deploy/image/start.js', ...container.args], {
    env: { PATH: process.env.PATH, ...env, HOST: address, ADMIN_HOST: address, NATS_URL, REDIS_URL },
    stdio: ['ignore', log, log],
  });
  const ended = once(child, 'exit');
  children.add(child);
  await reportReady(false);
  await probe(container, address, reportReady, () => isDeleted() || child.exitCode !== null);
  if (!isDeleted()) throw new Error(`${metadata.name} ended by itself with ${child.exitCode}`);
  await end(child, ended, spec.terminationGracePeriodSeconds * 1000, container.lifecycle?.preStop?.exec.command);
  appendFileSync(join(FOLDER, 'ended'), `${metadata.name} ${child.exitCode ?? child.signalCode}\n`);
}

async function end(child, ended, graceMs, preStop) {
  const late = setTimeoutOf(graceMs, () => child.kill('SIGKILL'));
  if (preStop !== undefined) await once(spawn(preStop[0], preStop.slice(1), { stdio: 'ignore' }), 'exit');
  child.kill('SIGTERM');
  await ended;
  late.abort();
}

function setTimeoutOf(delayMs, action) {
  const stop = new globalThis.AbortController();
  pause(delayMs, undefined, { signal: stop.signal }).then(action, () => stop);
  return stop;
}

async function environmentOf({ namespace, name }, { envFrom, env }, ask) {
  const maps = await Promise.all(envFrom.map(({ configMapRef }) => ask('GET', `/api/v1/namespaces/${namespace}/configmaps/${configMapRef.name}`)));
  // Of a pod's own fields, its name is the only one that is asked for.
  return Object.assign({}, ...maps.map(({ data }) => data), ...env.map((variable) => ({ [variable.name]: name })));
}

async function probe({ ports, startupProbe, readinessProbe }, address, reportReady, isOver) {
  while (!isOver() && !(await passes(startupProbe, ports, address))) await pause(startupProbe.periodSeconds * 1000);
  let isReady = false;
  for (let failures = 0; !isOver(); await pauseUnless(isOver, readinessProbe.periodSeconds)) {
    failures = (await passes(readinessProbe, ports, address)) ? 0 : failures + 1;
    const isNow = failures === 0 || (isReady && failures < readinessProbe.failureThreshold);
    if (isNow !== isReady) await reportReady(isNow);
    isReady = isNow;
  }
}

async function pauseUnless(isOver, seconds) {
  for (let tenths = 0; tenths < seconds * 10 && !isOver(); tenths += 1) await pause(100);
}

function passes({ httpGet, timeoutSeconds }, ports, address) {
  const { containerPort } = ports.find(({ name }) => name === httpGet.port);
  const asked = globalThis.fetch(`http://${address}:${containerPort}${httpGet.path}`, { signal: globalThis.AbortSignal.timeout(timeoutSeconds * 1000) });
  return asked.then(({ ok }) => ok, () => false);
}

/** What kube-proxy does for a Service: each connection goes to one of the endpoints there are at that moment, and stays there. */
export function startServiceProxy(port, endpoints) {
  createServer((caller) => {
    const all = (endpoints().subsets ?? []).flatMap(({ addresses = [], ports }) => addresses.map(({ ip }) => ({ host: ip, port: ports[0].port })));
    const chosen = all[Math.floor(Math.random() * all.length)];
    if (chosen === undefined) return caller.destroy();
    const member = connect(chosen);
    for (const [from, to] of [[caller, member], [member, caller]]) from.on('error', () => to.destroy()).on('close', () => to.destroy()).pipe(to);
  }).listen(port, '127.0.0.1');
}
