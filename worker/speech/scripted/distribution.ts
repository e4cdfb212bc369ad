import type { Random } from './random.ts';

/** How long something takes, in milliseconds. */
export type Distribution =
  | { readonly kind: 'constant'; readonly ms: number }
  | { readonly kind: 'uniform'; readonly fromMs: number; readonly toMs: number }
  | { readonly kind: 'normal'; readonly meanMs: number; readonly deviationMs: number }
  /** Logarithms are normal with deviation `sigma`: what networks and hosted models look like. */
  | { readonly kind: 'lognormal'; readonly medianMs: number; readonly sigma: number };

/** What `parseDistribution` understands, for messages. */
export const DISTRIBUTION_SYNTAX = 'constant:N, uniform:A,B, normal:MEAN,SD or lognormal:MEDIAN,SIGMA in milliseconds, none negative';

/** Longest latency that is drawn: a timer's limit is far beyond it, a test's patience not. */
export const MAX_LATENCY_MS = 600_000;

/** Reads `kind:numbers`; undefined where the text is not DISTRIBUTION_SYNTAX. */
export function parseDistribution(text: string): Distribution | undefined {
  const [kind, list, ...rest] = text.split(':');
  if (list === undefined || rest.length > 0) return undefined;
  const parts = list.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!parts.every((part) => Number.isFinite(part) && part >= 0)) return undefined;
  const [first, second, ...more] = parts;
  if (first === undefined || more.length > 0) return undefined;
  if (kind === 'constant') return second === undefined ? { kind, ms: first } : undefined;
  if (second === undefined) return undefined;
  if (kind === 'uniform') return first <= second ? { kind, fromMs: first, toMs: second } : undefined;
  if (kind === 'normal') return { kind, meanMs: first, deviationMs: second };
  if (kind === 'lognormal') return { kind, medianMs: first, sigma: second };
  return undefined;
}

/** Draws one latency, from 0 to MAX_LATENCY_MS. */
export function drawMs(distribution: Distribution, random: Random): number {
  return Math.min(MAX_LATENCY_MS, Math.max(0, rawMs(distribution, random)));
}

function rawMs(distribution: Distribution, random: Random): number {
  switch (distribution.kind) {
    case 'constant':
      return distribution.ms;
    case 'uniform':
      return distribution.fromMs + (distribution.toMs - distribution.fromMs) * random();
    case 'normal':
      return distribution.meanMs + distribution.deviationMs * standardNormal(random);
    case 'lognormal':
      return distribution.medianMs * Math.exp(distribution.sigma * standardNormal(random));
  }
}

/** Box–Muller; one draw of the pair is enough. */
function standardNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()));
  return radius * Math.cos(2 * Math.PI * random());
}
