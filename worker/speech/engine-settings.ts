/**
 * Reads an engine family's settings from the environment and remembers every mistake, so that `check` can list them all
 * in one error. An absent or empty variable is its default.
 */
export class EngineSettings {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #mistakes: string[] = [];

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env;
  }

  text(name: string, fallback: string): string {
    const value = this.#env[name]?.trim() ?? '';
    return value === '' ? fallback : value;
  }

  /** An http or https URL without its closing slashes. */
  url(name: string, fallback: string): string {
    const value = this.text(name, fallback);
    const isHttp = URL.canParse(value) && /^https?:$/.test(new URL(value).protocol);
    if (!isHttp) this.mistake(name, 'expected an http or https URL');
    return value.replace(/\/+$/, '');
  }

  number(name: string, fallback: number, range: { readonly min: number; readonly max: number; readonly whole: boolean }): number {
    const text = this.text(name, String(fallback));
    const value = Number(text);
    const fits = value >= range.min && value <= range.max && (!range.whole || Number.isInteger(value));
    if (!fits) this.mistake(name, `expected a ${range.whole ? 'whole ' : ''}number from ${range.min} to ${range.max}, got "${text}"`);
    return value;
  }

  /** Notes a mistake; `expected` must not repeat a secret. */
  mistake(name: string, expected: string): void {
    this.#mistakes.push(`${name}: ${expected}`);
  }

  /** Throws one Error that lists every mistake noted. */
  check(engine: string): void {
    if (this.#mistakes.length === 0) return;
    throw new Error(`settings of the engine "${engine}" cannot be used:\n- ${this.#mistakes.join('\n- ')}`);
  }
}
