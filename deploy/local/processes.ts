import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { yieldToOthers } from './autogroup.ts';
import { LineCutter } from './lines.ts';
import { terminalLine } from './terminal-line.ts';

/** The last lines of a process's output that are kept for whoever asks. */
const KEPT_LINES = 1000;
const QUOTED_LINES = 8;
const STACK_FRAME = /^\s+at |^node:internal/;
const PROBE_INTERVAL_MS = 25;
const DEFAULT_READY_TIMEOUT_MS = 30_000;
const DEFAULT_STOP_TIMEOUT_MS = 10_000;

/** Part of util-linux, on every Debian; it asks the kernel to kill the child when its parent dies, however that happens. */
const SETPRIV = '/usr/bin/setpriv';

/** Folders of servers that are not on every user's PATH. */
const SERVER_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'];

/** A process to run, as data. */
export interface ProcessSpec {
  /** What people call it; stands in messages. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Added to this process's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Ready once GET of this URL answers 200. */
  readonly readyUrl?: string;
  /** Ready once this, given the process id, answers true; without it and `readyUrl` a process is ready when it runs. */
  readonly isReady?: (pid: number) => Promise<boolean>;
  readonly readyTimeoutMs?: number;
  /** Aborted while the process is not ready yet: it is killed and `startProcess` rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Hears each line of its output. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** How a process ended. */
export interface ProcessExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that was started and is looked after. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  /** The last lines it wrote to either output, oldest first. */
  readonly logs: readonly string[];
  /** Resolves when it is gone. */
  readonly exited: Promise<ProcessExit>;
  /** SIGTERM, SIGKILL after `timeoutMs`; resolves when it is gone. */
  stop(timeoutMs?: number): Promise<ProcessExit>;
  /** Sends a signal; resolves once it was sent, for SIGKILL once the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** A process could not be started or died before it was ready; the message says which and quotes its last lines. */
export class StartError extends Error {
  override readonly name = 'StartError';
  readonly process: string;

  constructor(process: string, message: string) {
    super(message);
    this.process = process;
  }
}

/**
 * Starts a process and waits until it is ready; one that is not is killed and rejected as StartError. Until then it yields to all
 * others: whoever takes over from a process that died needs the cores more than the one that will replace it.
 */
export async function startProcess(spec: ProcessSpec): Promise<RunningProcess> {
  const running = await launch(spec);
  const yieldNoMore = yieldToOthers(running.pid);
  try {
    await untilReady(spec, running);
    await yieldNoMore();
  } catch (error) {
    await running.kill('SIGKILL');
    throw error;
  }
  return running;
}

/** PATH with the folders added where distributions keep servers. */
export function serverPath(path = process.env['PATH'] ?? ''): string {
  return [path, ...SERVER_FOLDERS].filter((folder) => folder !== '').join(delimiter);
}

async function launch(spec: ProcessSpec): Promise<RunningProcess> {
  const guarded = process.platform === 'linux' && existsSync(SETPRIV);
  const [command, args] = guarded ? [SETPRIV, ['--pdeathsig', 'KILL', '--', spec.command, ...spec.args]] : [spec.command, spec.args];
  // Its own process group: Ctrl-C in a terminal must reach the supervisor alone, which stops things in order.
  const child = spawn(command, args, {
    env: { ...process.env, PATH: serverPath(), ...spec.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const logs = collectLines(child, spec.onLine);
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('close', (code, signal) => { resolve({ code, signal }); });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => { reject(new StartError(spec.name, `${spec.name} could not be started: ${error.message}`)); });
  });
  return control(spec.name, child, logs, exited);
}

function control(name: string, child: ChildProcess, logs: readonly string[], exited: Promise<ProcessExit>): RunningProcess {
  const kill = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    child.kill(signal);
    if (signal === 'SIGKILL') await exited;
  };
  const stop = async (timeoutMs = DEFAULT_STOP_TIMEOUT_MS): Promise<ProcessExit> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const exit = await exited;
    clearTimeout(timer);
    return exit;
  };
  if (child.pid === undefined) throw new StartError(name, `${name} has no process id`);
  return { name, pid: child.pid, logs, exited, stop, kill };
}

function collectLines(child: ChildProcess, onLine: ((line: string) => void) | undefined): readonly string[] {
  const kept: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    const cutter = new LineCutter((line) => {
      kept.push(line);
      if (kept.length > KEPT_LINES) kept.shift();
      onLine?.(line);
    });
    stream?.setEncoding('utf8').on('data', (text: string) => { cutter.push(text); }).on('end', () => { cutter.end(); });
  }
  return kept;
}

async function untilReady(spec: ProcessSpec, running: RunningProcess): Promise<void> {
  const timeoutMs = spec.readyTimeoutMs ?? DEFAULT_READY_TIMEOUT_MS;
  const deadline = performance.now() + timeoutMs;
  let exit: ProcessExit | undefined;
  void running.exited.then((ended) => { exit = ended; });
  while (!(await isReady(spec, running))) {
    spec.signal?.throwIfAborted();
    if (exit !== undefined) throw new StartError(spec.name, `${spec.name} ended before it was ready (${exitWords(exit)})${lastWords(running)}`);
    if (performance.now() > deadline) throw new StartError(spec.name, `${spec.name} was not ready after ${timeoutMs / 1000} s${lastWords(running)}`);
    await Promise.race([sleep(PROBE_INTERVAL_MS), running.exited]);
  }
}

async function isReady(spec: ProcessSpec, running: RunningProcess): Promise<boolean> {
  if (spec.isReady !== undefined) return spec.isReady(running.pid);
  return spec.readyUrl === undefined || answersOk(spec.readyUrl);
}

/** How a process ended, in words. */
export function exitWords(exit: ProcessExit): string {
  return exit.signal === null ? `exit code ${String(exit.code)}` : `signal ${exit.signal}`;
}

function lastWords(running: RunningProcess): string {
  const lines = running.logs.map(terminalLine).filter((line) => line !== undefined && !STACK_FRAME.test(line)).slice(-QUOTED_LINES);
  return lines.length === 0 ? '' : `:\n  ${lines.join('\n  ')}`;
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch (error) {
    // Not listening yet, or not answering in time: exactly what waiting is for.
    if (error instanceof Error) return false;
    throw error;
  }
}
