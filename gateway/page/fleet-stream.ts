import type { FleetSnapshot } from '../../shared/protocol/fleet-snapshot.ts';
import { cutEvents } from './fleet-cutter.ts';

/** Where the token is until the tab is closed. */
const TOKEN_KEY = 'voxfleet-operator-token';
/** A snapshot comes every second; a gateway that stands still ends no stream. */
const SILENT_AFTER_MS = 5000;

export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token);
}

/** Asks this gateway something as the operator whose token is kept. Rejects where the network fails. */
export function ask(path: string, signal: AbortSignal | null = null): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN_KEY) ?? '';
  return fetch(path, { cache: 'no-store', signal, headers: token === '' ? {} : { authorization: `Bearer ${token}` } });
}

/**
 * Reads `/fleet/stream` until it ends: `refused` where the token is wrong or missing, `ended` otherwise. Rejects where the network
 * fails, or says nothing for so long that the gateway must be taken for gone.
 */
export async function readFleet(onSnapshot: (snapshot: FleetSnapshot) => void): Promise<'refused' | 'ended'> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENT_AFTER_MS);
  try {
    const response = await ask('/fleet/stream', silence.signal);
    if (response.status === 401) return 'refused';
    if (!response.ok || response.body === null) return 'ended';
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return 'ended';
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENT_AFTER_MS);
      const piece = cutEvents(rest + value);
      rest = piece.rest;
      piece.snapshots.forEach(onSnapshot);
    }
  } finally {
    clearTimeout(timer);
  }
}
