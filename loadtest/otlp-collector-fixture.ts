import { createServer } from 'node:http';

/** An attribute as OTLP's JSON has it. */
interface KeyValue {
  readonly key: string;
  readonly value: { readonly stringValue?: string; readonly intValue?: number | string; readonly doubleValue?: number };
}

/** A span as OTLP's JSON has it, as far as it is looked at here. */
interface WireSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly KeyValue[];
  readonly events?: readonly { readonly name: string }[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code?: number };
}

interface WireBody {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly { readonly spans: readonly WireSpan[] }[];
  }[];
}

/** A span that a process has sent. */
export interface CollectedSpan {
  /** `service.name` of who sent it. */
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly startMs: number;
  readonly ms: number;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly events: readonly string[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
}

/** A collector of traces on a free port that takes OTLP as JSON over HTTP. */
export interface OtlpCollector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** Waits until `find` finds something among the spans that came. */
  until<T>(find: (spans: readonly CollectedSpan[]) => T | undefined): Promise<T>;
  close(): Promise<void>;
}

/** Starts one. */
export async function startOtlpCollector(): Promise<OtlpCollector> {
  const spans: CollectedSpan[] = [];
  const watchers = new Set<() => void>();
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => {
      const isTraces = request.method === 'POST' && request.url === '/v1/traces';
      if (isTraces) spans.push(...spansOf(JSON.parse(Buffer.concat(pieces).toString('utf8')) as WireBody));
      response.writeHead(isTraces ? 200 : 404, { 'content-type': 'application/json' }).end('{}');
      for (const watcher of watchers) watcher();
      watchers.clear();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the collector has no port');
  const until = async <T>(find: (spans: readonly CollectedSpan[]) => T | undefined): Promise<T> => {
    for (let found = find(spans); ; found = find(spans)) {
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => watchers.add(resolve));
    }
  };
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${address.port}`, spans, until, close };
}

function spansOf({ resourceSpans }: WireBody): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = String(attributesOf(resource.attributes)['service.name']);
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => collected(service, span)));
  });
}

function collected(service: string, span: WireSpan): CollectedSpan {
  const startNs = BigInt(span.startTimeUnixNano);
  return {
    service, traceId: span.traceId, spanId: span.spanId, parentSpanId: span.parentSpanId ?? '', name: span.name,
    startMs: Number(startNs / 1000n) / 1000, ms: Number(BigInt(span.endTimeUnixNano) - startNs) / 1e6,
    attributes: attributesOf(span.attributes), events: (span.events ?? []).map(({ name }) => name),
    links: span.links ?? [], isError: span.status.code === 2,
  };
}

function attributesOf(pairs: readonly KeyValue[]): Record<string, string | number> {
  return Object.fromEntries(
    pairs.map(({ key, value }) => [key, value.stringValue ?? value.doubleValue ?? Number(value.intValue)]),
  );
}
