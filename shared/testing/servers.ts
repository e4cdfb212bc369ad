/** What tests run for real: the same pieces the local supervisor runs the fleet with. */
export { TIER_FLAGS } from '../../deploy/local/node-flags.ts';
export { freePort } from '../../deploy/local/ports.ts';
export { startProcess } from '../../deploy/local/processes.ts';
export { answers, startNats, startRedis, startSentinel } from '../../deploy/local/servers.ts';
