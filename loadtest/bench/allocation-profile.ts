import { placeOf, type CallFrame } from './cpu-profile.ts';

/** What V8 saw allocated (`HeapProfiler.SamplingHeapProfile` of the DevTools protocol), as far as it is read here. */
export interface AllocationProfile {
  readonly head: AllocationNode;
}

interface AllocationNode {
  readonly callFrame: CallFrame;
  /** Bytes on V8's heap; what buffers hold outside of it is not counted. */
  readonly selfSize: number;
  readonly children: readonly AllocationNode[];
}

/** Who allocated how much. */
export interface Allocation {
  readonly what: string;
  readonly bytes: number;
}

/** Where objects were made, the place with most bytes first; whether they were collected since does not matter. */
export function topAllocations({ head }: AllocationProfile, most: number): readonly Allocation[] {
  const sums = new Map<string, number>();
  const waiting = [head];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const what = placeOf(node.callFrame);
    sums.set(what, (sums.get(what) ?? 0) + node.selfSize);
    waiting.push(...node.children);
  }
  const allocations = [...sums].map(([what, bytes]): Allocation => ({ what, bytes }));
  return allocations.filter(({ bytes }) => bytes > 0).sort((one, other) => other.bytes - one.bytes).slice(0, most);
}

/** Everything allocated, in bytes. */
export function allocatedBytes(profile: AllocationProfile): number {
  return topAllocations(profile, Number.POSITIVE_INFINITY).reduce((sum, { bytes }) => sum + bytes, 0);
}
