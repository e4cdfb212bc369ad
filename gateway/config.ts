import { ConfigError, flag, integer, list, loadConfig, matching, type Config } from '../shared/runtime/env.ts';
import { processId, SHARED_SETTINGS } from '../shared/runtime/settings.ts';

/** Everything a gateway reads from its environment. */
export const GATEWAY_SETTINGS = {
  ...SHARED_SETTINGS,
  port: integer('PORT', 8080, [0, 65_535], 'Port of HTTP and WebSocket; 0 takes a free one.'),
  host: matching('HOST', '127.0.0.1', /^[A-Za-z0-9.:-]{1,255}$/, 'an IP address or host name', 'Address the gateway listens on.'),
  gatewayId: processId('GATEWAY_ID', 'gateway'),
  apiKeys: list('API_KEYS', 'Keys of which one must come with `Authorization: Bearer`; without any, HTTP is open and session tokens are not checked.'),
  allowedOrigins: list('ALLOWED_ORIGINS', 'Without API keys: origins (`https://app.example`) whose pages may use this gateway besides its own and those of this machine.'),
  operatorTokens: list('OPERATOR_TOKENS', 'Tokens of which one must come with `Authorization: Bearer` for `/metrics`, `/health/detailed`, `/performance/summary`, `/errors` and the data of `/fleet` on the public port.'),
  exposeOperations: flag('EXPOSE_OPERATIONS', false, 'Whether the public port shows them in production where there are no operator tokens.'),
  adminHost: matching('ADMIN_HOST', '127.0.0.1', /^\S+$/, 'an address to listen on', 'Address of the admin port.'),
  adminPort: integer('ADMIN_PORT', 0, [0, 65_535], 'Port of its own for health, metrics and what operators are told, without tokens: keep it from the public. 0: none.'),
  maxWebSocketConnections: integer('MAX_WEBSOCKET_CONNECTIONS', 10_000, [1, 1_000_000], 'Upgrades beyond this are refused with 503; keep it below the limit of open files.'),
  admissionWaitMs: integer('ADMISSION_WAIT_MS', 5000, [0, 600_000], 'A caller waits this long for a free worker before being closed with 1013.'),
  // Together with a nearly full batch it must fit a NATS message (1 MiB unless the server says otherwise).
  maxAudioMessageBytes: integer('MAX_AUDIO_MESSAGE_BYTES', 262_144, [1, 900_000], 'Audio in one message, decoded.'),
  maxTextChars: integer('MAX_TEXT_CHARS', 4000, [1, 100_000], 'Characters in one text message.'),
  maxWaitingMessages: integer('MAX_WAITING_MESSAGES', 200, [0, 100_000], 'Text messages held for a connection while it has no worker.'),
  maxBodyBytes: integer('MAX_BODY_BYTES', 65_536, [1024, 16_777_216], 'HTTP request body.'),
  maxInvalidMessages: integer('MAX_INVALID_MESSAGES', 50, [1, 1_000_000], 'Invalid messages in a row after which a connection is closed with 4002.'),
  resumeTokenTtlS: integer('RESUME_TOKEN_TTL_S', 600, [10, 86_400], 'A resume token is good for this long; a connection is given a newer one every half of it.'),
  goawaySpreadMs: integer('GOAWAY_SPREAD_MS', 3000, [0, 600_000], 'While draining, callers who can resume are asked to leave spread over this time.'),
  maxBufferedBytes: integer('MAX_BUFFERED_BYTES', 1_048_576, [65_536, 67_108_864], 'Per connection: bytes given to a slow socket, and as many again held behind it, before agent audio is shed.'),
} as const;

export type GatewayConfig = Config<typeof GATEWAY_SETTINGS>;

/** Reads the gateway's configuration. Throws ConfigError with all mistakes at once; production without keys is one. */
export function loadGatewayConfig(env: NodeJS.ProcessEnv): GatewayConfig {
  const missing = missingKeys(env);
  try {
    const config = loadConfig(GATEWAY_SETTINGS, env);
    if (missing.length > 0) throw new ConfigError(missing);
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError) || error.mistakes === missing) throw error;
    throw new ConfigError([...error.mistakes, ...missing]);
  }
}

function missingKeys(env: NodeJS.ProcessEnv): readonly string[] {
  const isProduction = env['ENVIRONMENT']?.trim().toLowerCase() === 'production';
  if (!isProduction || GATEWAY_SETTINGS.apiKeys.parse(env['API_KEYS'] ?? '').length > 0) return [];
  return ['API_KEYS: expected at least one key in production, got none'];
}
