import { pino, type Logger } from 'pino';

export type { Logger };

/** The field whose content never reaches a log line: put anything a caller said or a secret here, or nowhere. */
export const REDACTED_FIELD = 'private';

/**
 * A process's logger: JSON lines on standard output, `tier` and `id` in each. Messages are static, data is in fields,
 * whatever stands under `private` at the top or one level down is redacted.
 */
export function createLog(options: { tier: string; id: string; level: string }): Logger {
  return pino({
    level: options.level,
    base: { tier: options.tier, id: options.id },
    redact: { paths: [REDACTED_FIELD, `*.${REDACTED_FIELD}`], censor: '[redacted]' },
    formatters: { level: (label) => ({ level: label }) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  });
}
