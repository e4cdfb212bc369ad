/** What the page's address may ask for. */
export interface PageOptions {
  /** `headphones=1`: no echo cancellation, noise suppression or gain control. */
  readonly headphones: boolean;
  /** `record=1`: what was heard can be saved. */
  readonly record: boolean;
  /** `hint=…`, any number: phrases the caller is likely to say. */
  readonly hints: readonly string[];
  /** `instructions=…`. */
  readonly instructions: string;
  /** `greeting=…`; empty means none. */
  readonly greeting: string;
}

const DEFAULT_INSTRUCTIONS = 'Be a friendly, brief voice assistant for someone who tries Voxfleet for the first time.';
const DEFAULT_GREETING = 'Hello, this is Voxfleet. What can I do for you?';

/** Reads the query of the page's address. */
export function readPageOptions(query: string): PageOptions {
  const given = new URLSearchParams(query);
  return {
    headphones: given.get('headphones') === '1',
    record: given.get('record') === '1',
    hints: given.getAll('hint'),
    instructions: given.get('instructions') ?? DEFAULT_INSTRUCTIONS,
    greeting: given.get('greeting') ?? DEFAULT_GREETING,
  };
}
