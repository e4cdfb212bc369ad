const SHOWN_LEVELS = new Set(['warn', 'error', 'fatal']);
const UNSHOWN_FIELDS = new Set(['level', 'time', 'tier', 'id', 'msg', 'err', 'private', 'pid', 'hostname']);
const MAX_FIELDS_CHARS = 200;
/** uWebSockets.js's hint to cork upgrades, one an upgrade; why they are not is in docs/decisions.md. It goes to the log file only. */
const EXPECTED_HINT = 'Warning: uWS.HttpResponse writes must be made from within a corked callback';

/**
 * What of a child's line is worth a person's attention on the terminal, in short: warnings and errors of the JSON log,
 * and whatever is no JSON at all (a crash speaks so). Undefined for the rest.
 */
export function terminalLine(line: string): string | undefined {
  if (line.trim() === '' || line.startsWith(EXPECTED_HINT)) return undefined;
  const entry = readEntry(line);
  if (entry === undefined) return line;
  const level = String(entry['level']);
  if (!SHOWN_LEVELS.has(level)) return undefined;
  const message = typeof entry['msg'] === 'string' ? entry['msg'] : '';
  return [`${level}:`, message, errorWords(entry['err']), fieldWords(entry)].filter((part) => part !== '').join(' ');
}

function readEntry(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'level' in value ? { ...value } : undefined;
  } catch (error) {
    // Not a log line: shown as it is.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function errorWords(err: unknown): string {
  return typeof err === 'object' && err !== null && 'message' in err ? `(${String(err.message)})` : '';
}

function fieldWords(entry: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(entry).filter(([name]) => !UNSHOWN_FIELDS.has(name));
  const words = fields.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ');
  return words.length > MAX_FIELDS_CHARS ? `${words.slice(0, MAX_FIELDS_CHARS)}…` : words;
}
