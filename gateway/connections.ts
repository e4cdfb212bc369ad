import { SlotTable } from '../shared/protocol/slot-table.ts';
import type { CloseName } from '../shared/runtime/errors.ts';
import type { SessionRecord } from '../shared/session/record.ts';
import { Connection, type ConnectionServices } from './connection.ts';
import type { CallerSocket } from './socket.ts';

/** All connections of this gateway, by slot and by session: one a session, the newest. */
export class Connections {
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

  /** The connection in a slot, or undefined where it has left. */
  at(slot: number): Connection | undefined {
    return this.#slots.at(slot);
  }

  /** The connection that serves a session here. */
  of(sessionId: string): Connection | undefined {
    return this.#bySession.get(sessionId);
  }

  /** A caller has come: an older connection of the session is closed, and a worker looked for. */
  open(socket: CallerSocket, record: SessionRecord, isNative: boolean): Connection {
    const { sessionId } = record.config;
    this.#bySession.get(sessionId)?.leave('replaced');
    const connection: Connection = new Connection(
      this.#services,
      { socket, record, isNative, onClosed: () => this.#forget(connection), isSucceeded: () => this.#bySession.has(sessionId) },
      (seated) => this.#slots.take(seated),
    );
    this.#bySession.set(sessionId, connection);
    connection.open();
    return connection;
  }

  /** A worker is gone: each of its connections looks for another. */
  onWorkerLost(workerId: string): void {
    for (const connection of this.#slots.tenants()) connection.onWorkerLost(workerId);
  }

  /** Each connection, or each of one worker, sends again what is not committed: the bus may have lost it. */
  resend(workerId?: string): void {
    for (const connection of this.#slots.tenants()) {
      if (workerId === undefined || connection.workerId === workerId) connection.resend();
    }
  }

  /** Looks for stalled sockets. */
  checkStalls(): void {
    for (const connection of this.#slots.tenants()) connection.checkStall();
  }

  /** Sends every caller away. */
  leaveAll(name: CloseName): void {
    for (const connection of this.#slots.tenants()) connection.leave(name);
  }

  #forget(connection: Connection): void {
    this.#slots.free(connection.slot);
    if (this.#bySession.get(connection.sessionId) === connection) this.#bySession.delete(connection.sessionId);
  }
}
