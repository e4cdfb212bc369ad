import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** What goes wrong with one answer of a vendor's server. */
export type VendorFault =
  /** Another status, with a message as OpenAI writes it. */
  | { readonly kind: 'status'; readonly status: number; readonly message: string; readonly headers?: Readonly<Record<string, string>> }
  /** Nothing more comes after so many bytes of the body; before the head where it is `head`. */
  | { readonly kind: 'stall'; readonly after: number | 'head' }
  /** The connection is cut after so many bytes of the body. */
  | { readonly kind: 'cut'; readonly after: number }
  /** The body ends in order after so many bytes: a proxy that gave up. */
  | { readonly kind: 'short'; readonly after: number }
  /** The body comes in pieces of so many bytes, wherever that cuts it. */
  | { readonly kind: 'chop'; readonly bytes: number }
  /** The answer comes late. */
  | { readonly kind: 'late'; readonly ms: number }
  /** Another body, as it is. */
  | { readonly kind: 'body'; readonly body: string };

/** Puts an answer on the wire as the fault would have it. Resolves when all that will be sent was written. */
export async function deliver(response: ServerResponse, status: number, contentType: string, body: Buffer, fault?: VendorFault): Promise<void> {
  if (fault?.kind === 'stall' && fault.after === 'head') return;
  if (fault?.kind === 'late') await sleep(fault.ms);
  if (fault?.kind === 'status') {
    response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
    response.end(JSON.stringify({ error: { message: fault.message, type: 'server_error', param: null, code: null } }));
    return;
  }
  response.writeHead(status, { 'content-type': contentType });
  switch (fault?.kind) {
    case 'stall':
      return void response.write(body.subarray(0, Number(fault.after)));
    case 'cut':
      return void response.write(body.subarray(0, fault.after), () => response.destroy());
    case 'short':
      return void response.end(body.subarray(0, fault.after));
    case 'chop':
      return writeChopped(response, body, fault.bytes);
    case 'body':
      return void response.end(fault.body);
    default:
      response.end(body);
  }
}

/** Each piece travels as an HTTP chunk of its own, so that the client gets them apart. */
async function writeChopped(response: ServerResponse, body: Buffer, bytes: number): Promise<void> {
  for (let at = 0; at < body.length; at += bytes) {
    response.write(body.subarray(at, at + bytes));
    await new Promise(setImmediate);
  }
  response.end();
}
