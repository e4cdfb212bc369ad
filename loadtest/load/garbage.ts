import { nodeStreams } from './node-stream.ts';
import { WireSocket } from './wire-socket.ts';

const COLLECT = JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' });

/**
 * Has a Node process whose inspector listens on this port of this machine throw away what it does not need any more: memory
 * that is only not collected yet is no cost of a connection. Throws where no inspector answers.
 */
export async function collectGarbage(inspectorPort: number): Promise<void> {
  const targets: unknown = await (await fetch(`http://127.0.0.1:${inspectorPort}/json/list`)).json();
  const [target] = Array.isArray(targets) ? (targets as unknown[]) : [];
  if (typeof target !== 'object' || target === null || !('webSocketDebuggerUrl' in target)) throw new Error(`no Node inspector answers on port ${inspectorPort}`);
  let answered: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    answered = resolve;
  });
  const socket = await WireSocket.open({ url: String(target.webSocketDebuggerUrl), openStream: nodeStreams(), onMessage: () => answered(), onClose: () => answered() });
  socket.sendText(COLLECT);
  await done;
  socket.cut();
}
