import { SlotTable } from '../shared/protocol/slot-table.ts';
import { nowMs } from '../shared/runtime/clock.ts';
import type { CloseName, VoxError } from '../shared/runtime/errors.ts';
import type { Arrival } from './call.ts';
import { Connection, type ConnectionHost, type ConnectionServices } from './connection.ts';
import type { CallerSocket } from './socket.ts';

/** All connections of this gateway, by slot and by session: one a session, the newest. */
export class Connections implements ConnectionHost {
  readonly #services: ConnectionServices;
  readonly #slots = new SlotTable<Connection>();
  readonly #bySession = new Map<string, Connection>();

  constructor(services: ConnectionServices) {
    this.#services = services;
  }

  /** Connections that are not closed yet. */
  get count(): number {
    return this.#slots.used;
  }

  /** Bytes kept of all callers until they are committed. */
  get keptBytes(): number {
    return this.all().reduce((sum, { keptBytes }) => sum + keptBytes, 0);
  }

  /** The connection in a slot, or undefined where it has left. */
  at(slot: number): Connection | undefined {
    return this.#slots.at(slot);
  }

  /** The connection that serves a session here. */
  of(sessionId: string): Connection | undefined {
    return this.#bySession.get(sessionId);
  }

  /** A caller has come: an older connection of the session is closed, and a worker looked for. */
  open(socket: CallerSocket, arrival: Arrival): Connection {
    const { record } = arrival;
    const older = this.#bySession.get(record.config.sessionId);
    // A client that can resume is sent again what the older socket may never take.
    if (arrival.resumable === undefined) older?.leave('replaced');
    else older?.close('replaced');
    const connection = new Connection(this.#services, this, socket, arrival);
    this.#bySession.set(connection.sessionId, connection);
    connection.open(record);
    return connection;
  }

  /** A worker is gone: each of its connections looks for another. */
  onWorkerLost(workerId: string): void {
    for (const connection of this.#slots.tenants()) connection.onWorkerLost(workerId);
  }

  /** Each connection of a worker sends again what is not committed and asks for what it did not hear: the bus may have lost both. */
  resend(workerId: string): void {
    for (const connection of this.#slots.tenants()) {
      if (connection.workerId === workerId) connection.onBusBack();
    }
  }

  /** The bus is back: every connection sends and asks for what it may have lost. */
  onBusBack(): void {
    for (const connection of this.#slots.tenants()) connection.onBusBack();
  }

  /** Looks after everything that takes time; called about four times a second. */
  tick(): void {
    const now = nowMs();
    for (const connection of this.#slots.tenants()) connection.tick(now);
  }

  /** Every connection that is not closed yet. */
  all(): readonly Connection[] {
    return [...this.#slots.tenants()];
  }

  /** Tells every caller but plain clients that only write texts; each has an error of its own. */
  tellAll(makeError: () => VoxError): void {
    for (const connection of this.#slots.tenants()) connection.tell(makeError());
  }

  /** Sends every caller away. */
  leaveAll(name: CloseName): void {
    for (const connection of this.#slots.tenants()) connection.leave(name);
  }

  /** Gives a connection its slot. */
  seat(connection: Connection): number {
    return this.#slots.take(connection);
  }

  /** A connection is closed. */
  onClosed(connection: Connection): void {
    this.#slots.free(connection.slot);
    if (this.#bySession.get(connection.sessionId) === connection) this.#bySession.delete(connection.sessionId);
  }

  /** Whether another connection serves the session of one that is closed. */
  isSucceeded({ sessionId }: Connection): boolean {
    return this.#bySession.has(sessionId);
  }
}
