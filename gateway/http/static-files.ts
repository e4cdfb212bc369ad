import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../shared/runtime/package-root.ts';
import type { HttpAnswer, HttpRequest } from './exchange.ts';

const CONTENT_TYPES = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
  map: 'application/json',
} as const;

/** What is compiled: the page itself and what it is built on. Names are plain words, so neither `..` nor hidden files. */
const MODULE = /^\/(?:(?:page|shared\/client|shared\/protocol|shared\/audio)\/(?:[A-Za-z0-9_-]+\/)*[A-Za-z0-9_-]+|shared\/runtime\/errors)\.js(?:\.map)?$/;
/** What is served as it was written. */
const ASSET = /^\/page\/((?:[A-Za-z0-9_-]+\/)*[A-Za-z0-9_-]+)\.(html|css|svg)$/;
/** Pages that are asked for by a name of their own. */
const PAGES: Readonly<Record<string, string>> = { '/': '/page/index.html', '/fleet': '/page/fleet.html' };
const MOST_FILES = 256;

const PAGE_HEADERS = {
  // The page speaks to its own origin alone; its worklets and icons may be made in place.
  'content-security-policy':
    "default-src 'self'; connect-src 'self' ws: wss:; worker-src 'self' blob:; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
} as const;

interface CachedFile {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly etag: string;
}

/** The pages for talking and for operators: hypertext and styles as they were written, modules as they were compiled; by allow-list, from memory. */
export class StaticFiles {
  readonly #sourceRoot = packageRoot();
  readonly #compiledRoot = join(dirname(fileURLToPath(import.meta.url)), '../..');
  readonly #cache = new Map<string, CachedFile>();

  /** The file at this path, or undefined where there is none to be served. */
  async answer(request: HttpRequest): Promise<HttpAnswer | undefined> {
    const path = PAGES[request.path] ?? request.path;
    const file = this.#cache.get(path) ?? (await this.#load(path));
    if (file === undefined) return undefined;
    const headers = { ...PAGE_HEADERS, 'content-type': file.contentType, etag: file.etag };
    if (request.headers.get('if-none-match') === file.etag) return { status: 304, headers, body: '' };
    return { status: 200, headers, body: file.body };
  }

  async #load(path: string): Promise<CachedFile | undefined> {
    const found = this.#locate(path);
    const body = found === undefined ? undefined : await readIfThere(found.file);
    if (found === undefined || body === undefined) return undefined;
    const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
    const file = { body, contentType: CONTENT_TYPES[found.kind], etag };
    if (this.#cache.size < MOST_FILES) this.#cache.set(path, file);
    return file;
  }

  #locate(path: string): { readonly file: string; readonly kind: keyof typeof CONTENT_TYPES } | undefined {
    // The page stands beside the code of the gateway, and is asked for without saying so.
    const place = path.startsWith('/page/') ? `/gateway${path}` : path;
    const asset = ASSET.exec(path)?.[2];
    if (asset === 'html' || asset === 'css' || asset === 'svg') return { file: join(this.#sourceRoot, place), kind: asset };
    if (!MODULE.test(path)) return undefined;
    return { file: join(this.#compiledRoot, place), kind: path.endsWith('.map') ? 'map' : 'js' };
  }
}

/** What the system says of a path that names no file. */
const NOT_THERE = new Set(['ENOENT', 'EISDIR', 'ENOTDIR', 'ENAMETOOLONG']);

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    // Asking for what is not there is an ordinary 404; anything else is a fault of the installation.
    if (error instanceof Error && 'code' in error && NOT_THERE.has(String(error.code))) return undefined;
    throw error;
  }
}
