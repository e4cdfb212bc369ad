/**
 * Node's flags for gateways and workers, wherever they are started. One thread collects garbage: a tier's process keeps one core busy and
 * shares it with others, and helpers that have to wait for a core make its pauses longer (docs/performance.md).
 */
export const TIER_FLAGS: readonly string[] = ['--enable-source-maps', '--single-threaded-gc'];
