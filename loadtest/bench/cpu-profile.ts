/** A function as V8 names it; lines are counted from 0. */
export interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** A profile as V8 gives it (`Profiler.Profile` of the DevTools protocol), as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame; readonly children?: readonly number[] }[];
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
  const busy = busyStacks(profile);
  const self = new Map<string, number>();
  const total = new Map<string, number>();
  for (const { us, stack } of busy) {
    const [own = ''] = stack;
    add(self, own, us);
    for (const place of stack) add(total, place, us);
  }
  const busyUs = sumOf(busy);
  const costs = [...self].map(([what, us]): Cost => ({ what, self: us / busyUs, total: (total.get(what) ?? us) / busyUs }));
  return costs.sort((one, other) => other.self - one.self).slice(0, most);
}

/** The part (0 to 1) of the busy time in which a function of these files was under way, by itself or by what it called. */
export function shareOf(profile: CpuProfile, files: RegExp): number {
  const busy = busyStacks(profile);
  const within = busy.filter(({ stack }) => [...stack].some((place) => files.test(place)));
  return busy.length === 0 ? 0 : sumOf(within) / sumOf(busy);
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

/** For so many microseconds the process was busy in the first of these places, called by the others; a recursive one is there once. */
interface BusyStack {
  readonly us: number;
  readonly stack: ReadonlySet<string>;
}

/** Each place in the tree of calls at which the process was seen busy. */
function busyStacks({ nodes, samples, timeDeltas }: CpuProfile): readonly BusyStack[] {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)));
  const spent = new Map<number, number>();
  for (const [at, id] of samples.entries()) if (places.get(id) !== IDLE) add(spent, id, timeDeltas[at] ?? 0);
  return [...spent].map(([id, us]) => {
    const stack = new Set<string>();
    for (let node: number | undefined = id; node !== undefined; node = parents.get(node)) stack.add(places.get(node) ?? '');
    return { us, stack };
  });
}

function sumOf(stacks: readonly BusyStack[]): number {
  return stacks.reduce((sum, { us }) => sum + us, 0);
}

function add<K>(sums: Map<K, number>, key: K, us: number): void {
  sums.set(key, (sums.get(key) ?? 0) + us);
}

/** Name, file and line as a person looks for them. */
export function placeOf({ functionName, url, lineNumber }: CallFrame): string {
  const name = functionName === '' ? 'anonymous' : functionName;
  const file = /(?:dist|build\/[^/]+|node_modules)\/(.+)$/.exec(url)?.[1] ?? url;
  return file === '' ? name : `${name} ${file}:${lineNumber + 1}`;
}
