/** Text as it may stand in HTML, attributes included. */
export function escaped(text: string | number): string {
  return String(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Milliseconds for people: 12 ms, 1.3 s. */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** A number with its thousands apart. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US').replaceAll(',', '\u202f');
}
