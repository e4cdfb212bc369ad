/** So many times as fast does time pass in shortened rules: five minutes become five seconds. */
const FACTOR = 60;
/** Nothing becomes shorter than this: as often as the test scrapes. */
const SHORTEST_MS = 1000;
const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * The text of a configuration or of rules with every duration a sixtieth of what it was, a second at least, and all else as it
 * is: windows in square brackets and the values of keys that end in `for`, `interval`, `timeout` or `wait`. Durations in the
 * names of recorded series are names. Alerts can so be seen to come and go within a test, by the very rules that operators load.
 */
export function shortened(yaml: string): string {
  return yaml
    .replace(/\[(\d+)([smhd])\]/g, (_all, count: string, unit: string) => `[${shorter(count, unit)}]`)
    .replace(/^(\s*\w*(?:for|interval|timeout|wait): )(\d+)([smhd])$/gm, (_all, key: string, count: string, unit: string) => `${key}${shorter(count, unit)}`);
}

function shorter(count: string, unit: string): string {
  return `${Math.max(SHORTEST_MS, Math.round((Number(count) * (UNIT_MS[unit] ?? Number.NaN)) / FACTOR))}ms`;
}
