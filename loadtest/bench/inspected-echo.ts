import { INSPECT, Inspector, inspectorAddress } from './inspector.ts';
import { startEcho } from './reference-targets.ts';
import type { Target } from './target.ts';

/** A bare echo into which one can look. Throws StartError. */
export async function startInspectedEcho(): Promise<{ readonly echo: Target; readonly pid: number; readonly inspector: Inspector; stop(): Promise<void> }> {
  let address = '';
  const echo = await startEcho([INSPECT], (line) => (address = inspectorAddress(line) ?? address));
  const pid = echo.processes.get('echo')?.pid;
  try {
    if (pid === undefined) throw new Error('the echo has no process');
    const inspector = await Inspector.open(address);
    const stop = async (): Promise<void> => {
      inspector.close();
      await echo.stop();
    };
    return { echo, pid, inspector, stop };
  } catch (error) {
    await echo.stop();
    throw error;
  }
}
