/**
 * Node's flags for gateways and workers, wherever they are started. One thread collects garbage: a tier's process keeps one core busy and
 * shares it with others, and helpers that have to wait for a core make its pauses longer. Old objects are collected once there is three times
 * of what was alive, not before: what sockets and batches hold for a moment counts as growth (docs/performance.md).
 */
export const TIER_FLAGS: readonly string[] = ['--enable-source-maps', '--single-threaded-gc', '--heap-growing-percent=200'];
