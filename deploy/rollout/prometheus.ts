import type { Ask } from './measurement.ts';
import { messageOf } from '../../shared/runtime/errors.ts';

const TIMEOUT_MS = 20_000;

/** What keeps a question from being answered. */
export class PrometheusError extends Error {
  override readonly name = 'PrometheusError';
}

interface Answer {
  readonly status: 'success' | 'error';
  readonly error?: string;
  readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

/** Asks the Prometheus at this address. What it rejects with is a PrometheusError. */
export function prometheusAt(url: string): Ask {
  return async (expr) => {
    const answer = await answerOf(`${url.replace(/\/+$/, '')}/api/v1/query`, expr);
    if (answer.status !== 'success') throw new PrometheusError(`${url} cannot answer ${expr}: ${answer.error ?? 'it does not say why'}`);
    const value = Number(answer.data?.result[0]?.value[1] ?? 0);
    return Number.isFinite(value) ? value : 0;
  };
}

async function answerOf(url: string, expr: string): Promise<Answer> {
  try {
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams({ query: expr }), signal: AbortSignal.timeout(TIMEOUT_MS) });
    return (await response.json()) as Answer;
  } catch (error) {
    throw new PrometheusError(`${url} does not answer as a Prometheus would: ${messageOf(error)}`, { cause: error });
  }
}
