import type { CLOSE_TABLE } from '../runtime/errors.ts';

type GatewayCloseCode = (typeof CLOSE_TABLE)[keyof typeof CLOSE_TABLE]['code'];

/**
 * What a close means to a client that can resume: the call is over; connect again; over unless the call has been under way
 * (nobody is free to take it, or nobody was to take it over); over unless the newer connection is this client's own; once
 * more without the resume ticket.
 */
export type CloseMeaning = 'over' | 'again' | 'busy' | 'replaced' | 'ticket_refused';

const MEANING: Readonly<Record<GatewayCloseCode, CloseMeaning>> = {
  1000: 'over',
  1008: 'over',
  1012: 'again',
  1013: 'busy',
  4001: 'replaced',
  4002: 'over',
  4003: 'again',
  4004: 'busy',
  4005: 'ticket_refused',
};

/** Answers to the upgrade that a repetition does not change; only sockets that tell them (npm `ws`) let a client know. */
const REFUSED_UPGRADE = /\b(?:400|401|403|404|410)$/;

/** What a close code, with the socket's own words where it has some, means. Codes no gateway sends are cuts. Pure. */
export function meaningOfClose({ code, failure }: { readonly code: number; readonly failure: string }): CloseMeaning {
  if (REFUSED_UPGRADE.test(failure)) return 'over';
  return isGatewayCode(code) ? MEANING[code] : 'again';
}

function isGatewayCode(code: number): code is GatewayCloseCode {
  return Object.hasOwn(MEANING, code);
}

/** So far apart are the first attempts of callers who lost their gateway in the same moment. */
const FIRST_SPREAD_MS = 50;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 5000;

export interface RetryOptions {
  /** The attempt to come, from 1. */
  readonly attempt: number;
  /** Addresses that are tried in turn. */
  readonly addresses: number;
  /** 0 to 1. */
  readonly random: number;
  /** What the last gateway asked to wait. */
  readonly hintMs: number | undefined;
}

/**
 * How long to wait before an attempt. Every address is tried once almost at once; from then on the wait doubles with every
 * round, between half and the whole of it by chance. A gateway's own wish is kept, but not held against the others. Pure.
 */
export function retryDelayMs({ attempt, addresses, random, hintMs }: RetryOptions): number {
  const round = Math.floor((attempt - 1) / addresses);
  const backoffMs = round === 0 ? random * FIRST_SPREAD_MS : Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (round - 1)) * (0.5 + random / 2);
  const isAsked = hintMs !== undefined && (addresses === 1 || round > 0);
  return isAsked ? Math.max(backoffMs, hintMs + random * FIRST_SPREAD_MS) : backoffMs;
}

/**
 * The addresses of a session in the order of trying. A lost one is followed by any other, by chance, so that a gateway's
 * callers do not all go to the same neighbour; then they are tried in turn. Pure but for its place.
 */
export class AddressBook {
  readonly #addresses: readonly string[];
  #at = 0;

  constructor(addresses: readonly string[]) {
    this.#addresses = addresses;
  }

  get size(): number {
    return this.#addresses.length;
  }

  get current(): string {
    return this.#addresses[this.#at] ?? '';
  }

  /** Moves on after a connection was lost that had been good. `random` is 0 to 1, without 1. */
  leave(random: number): void {
    const others = this.#addresses.length - 1;
    if (others > 0) this.#at = (this.#at + 1 + Math.floor(random * others)) % this.#addresses.length;
  }

  /** Moves on after an attempt failed. */
  turn(): void {
    this.#at = (this.#at + 1) % this.#addresses.length;
  }
}
