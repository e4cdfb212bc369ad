/** A profile as V8 gives it (`Profiler.Profile` of the DevTools protocol), as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }; readonly children?: readonly number[] }[];
  readonly samples: readonly number[];
  /** Microseconds before each sample. */
  readonly timeDeltas: readonly number[];
}

/** A function and its share of the time that the process was busy, itself and with what it called. */
export interface Cost {
  readonly what: string;
  readonly self: number;
  readonly total: number;
}

const IDLE = '(idle)';

/** Where the time went: the functions with the largest share of their own, the largest first. */
export function topCosts(profile: CpuProfile, most: number): readonly Cost[] {
  const places = new Map(profile.nodes.map((node) => [node.id, placeOf(node.callFrame)]));
  const parents = new Map(profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  let busy = 0;
  for (const [at, id] of profile.samples.entries()) {
    const us = profile.timeDeltas[at] ?? 0;
    const own = places.get(id) ?? '';
    if (own === IDLE) continue;
    busy += us;
    add(self, own, us);
    const stack = new Set<string>();
    for (let node: number | undefined = id; node !== undefined; node = parents.get(node)) stack.add(places.get(node) ?? '');
    for (const place of stack) add(total, place, us);
  }
  const costs = [...self].map(([what, us]): Cost => ({ what, self: us / busy, total: (total.get(what) ?? us) / busy }));
  return costs.sort((one, other) => other.self - one.self).slice(0, most);
}

/** The part (0 to 1) of the busy time in which a function of these files was under way, by itself or by what it called. */
export function shareOf(profile: CpuProfile, files: RegExp): number {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const within = new Set<number>();
  // A node comes before its children.
  for (const { id, callFrame, children = [] } of profile.nodes) {
    if (files.test(placeOf(callFrame))) within.add(id);
    if (within.has(id)) for (const child of children) within.add(child);
  }
  let busy = 0;
  let share = 0;
  for (const [at, id] of profile.samples.entries()) {
    const node = nodes.get(id);
    const us = profile.timeDeltas[at] ?? 0;
    if (node === undefined || placeOf(node.callFrame) === IDLE) continue;
    busy += us;
    if (within.has(id)) share += us;
  }
  return busy === 0 ? 0 : share / busy;
}

/** The functions of these files that take the most with all they call: what a reader looks for first. */
export function costsOf(profile: CpuProfile, file: RegExp, most: number): readonly Cost[] {
  const all = topCosts(profile, Number.POSITIVE_INFINITY);
  return all.filter(({ what }) => file.test(what)).sort((one, other) => other.total - one.total).slice(0, most);
}

/** One cost as a line. */
export function costWords({ what, self, total }: Cost): string {
  return `${(self * 100).toFixed(1)} % (${(total * 100).toFixed(1)} % with what it calls) ${what}`;
}

function add(sums: Map<string, number>, key: string, us: number): void {
  sums.set(key, (sums.get(key) ?? 0) + us);
}

function placeOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? 'anonymous' : functionName;
  const file = /(?:dist|build\/[^/]+|node_modules)\/(.+)$/.exec(url)?.[1] ?? url;
  return file === '' ? name : `${name} ${file}:${lineNumber + 1}`;
}
