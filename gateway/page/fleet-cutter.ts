import type { FleetSnapshot } from '../../shared/protocol/fleet-snapshot.ts';

/** What a piece of the stream leaves behind: whole snapshots, and the beginning of the next one. */
export interface StreamPiece {
  readonly snapshots: readonly FleetSnapshot[];
  readonly rest: string;
}

/** Cuts server-sent events, each one `data:` line of JSON. Throws SyntaxError where a line is none. */
export function cutEvents(text: string): StreamPiece {
  const events = text.split('\n\n');
  const rest = events.pop() ?? '';
  return { snapshots: events.map((event) => JSON.parse(event.replace(/^data: /, '')) as FleetSnapshot), rest };
}
