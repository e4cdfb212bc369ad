import type { FleetSnapshot } from '../../shared/protocol/fleet-snapshot.ts';
import { cutEvents } from './fleet-cutter.ts';

/** Where the token is until the tab is closed. */
const TOKEN_KEY = 'voxfleet-operator-token';

export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token);
}

/** Asks this gateway something as the operator whose token is kept. Rejects where the network fails. */
export function ask(path: string): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN_KEY) ?? '';
  return fetch(path, { cache: 'no-store', headers: token === '' ? {} : { authorization: `Bearer ${token}` } });
}

/** Reads `/fleet/stream` until it ends: `refused` where the token is wrong or missing, `ended` otherwise. Rejects where the network fails. */
export async function readFleet(onSnapshot: (snapshot: FleetSnapshot) => void): Promise<'refused' | 'ended'> {
  const response = await ask('/fleet/stream');
  if (response.status === 401) return 'refused';
  if (!response.ok || response.body === null) return 'ended';
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return 'ended';
    const piece = cutEvents(rest + value);
    rest = piece.rest;
    piece.snapshots.forEach(onSnapshot);
  }
}
