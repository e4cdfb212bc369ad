import { messageOf } from './errors.ts';

/** One environment variable: its name, what it means, what it is when absent, and how its text becomes a value. */
export interface Setting<T> {
  readonly name: string;
  readonly meaning: string;
  /** As it would be written in the environment; undefined where there is none and absence has its own meaning. */
  readonly fallback: string | undefined;
  /** Throws an Error that says what is expected. */
  readonly parse: (text: string) => T;
  readonly absent: () => T;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values of a table of settings, by the table's own keys. */
export type Config<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

/** Everything wrong with the environment, one line a mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly string[];

  constructor(mistakes: readonly string[]) {
    super(`the configuration is not usable:\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`);
    this.mistakes = mistakes;
  }
}

/** Reads a table of settings from the environment into one frozen object. Throws ConfigError with all mistakes at once. */
export function loadConfig<S extends Settings>(settings: S, env: NodeJS.ProcessEnv): Config<S> {
  const mistakes: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [key, setting] of Object.entries(settings)) {
    const text = env[setting.name];
    try {
      values[key] = text === undefined || text === '' ? setting.absent() : setting.parse(text.trim());
    } catch (error) {
      mistakes.push(`${setting.name}: ${messageOf(error)}, got "${withoutPassword(text ?? '')}"`);
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return Object.freeze(values) as Config<S>;
}

/**
 * An address, or a list of some, as it may be printed: all that may be a user or a password is left out. Passwords hold any
 * character, also where it should be escaped, so everything between the scheme and the last `@` is taken for one.
 */
export function withoutPassword(text: string): string {
  return text.replace(/^([a-z0-9+.-]+:\/\/)?.*@/is, '$1[redacted]@');
}

function setting<T>(name: string, meaning: string, fallback: string, parse: (text: string) => T): Setting<T> {
  return { name, meaning, fallback, parse, absent: () => parse(fallback) };
}

/** A whole number within bounds, both included. */
export function integer(name: string, fallback: number, [least, most]: readonly [number, number], meaning: string): Setting<number> {
  return setting(name, meaning, String(fallback), (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least || value > most) {
      throw new Error(`expected a whole number from ${least} to ${most}`);
    }
    return value;
  });
}

/** Text that matches a pattern; `expected` says in words what that is. */
export function matching(name: string, fallback: string, pattern: RegExp, expected: string, meaning: string): Setting<string> {
  return setting(name, meaning, fallback, (text) => {
    if (!pattern.test(text)) throw new Error(`expected ${expected}`);
    return text;
  });
}

/** One of a closed set of words; upper and lower case are the same. */
export function oneOf<T extends string>(name: string, fallback: NoInfer<T>, words: readonly T[], meaning: string): Setting<T> {
  return setting(name, meaning, fallback, (text) => {
    const word = words.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
    if (word === undefined) throw new Error(`expected one of ${words.join(', ')}`);
    return word;
  });
}

/** true or false, also 1 or 0. */
export function flag(name: string, fallback: boolean, meaning: string): Setting<boolean> {
  return setting(name, meaning, String(fallback), (text) => {
    if (/^(true|1)$/i.test(text)) return true;
    if (/^(false|0)$/i.test(text)) return false;
    throw new Error('expected true or false');
  });
}

/** Comma-separated words, empty ones left out; absent means none. */
export function list(name: string, meaning: string): Setting<readonly string[]> {
  return setting(name, meaning, '', (text) => text.split(',').map((word) => word.trim()).filter((word) => word !== ''));
}

/** Text that is made afresh where it is absent, such as a process's id. */
export function generated(name: string, pattern: RegExp, expected: string, make: () => string, meaning: string): Setting<string> {
  return { ...matching(name, '', pattern, expected, meaning), fallback: undefined, absent: make };
}
