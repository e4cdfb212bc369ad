import { connect } from 'nats';

/**
 * One end of a bare NATS pair. As `subscriber` it counts what comes on `pair.flood`, answers `pair.ping`, and says how many came
 * when asked by `pair.count`. As `publisher` it floods for MEASURE_MS, never more than a window ahead of what was taken, then
 * plays ping-pong, and prints `{"perSecond","pingMs"}`.
 */
const PAYLOAD = new Uint8Array(652);
const BURST = 500;
const PINGS = 500;

const nats = await connect({ servers: process.env['NATS_URL'] ?? '' });

async function subscriber(): Promise<void> {
  let count = 0;
  nats.subscribe('pair.flood', { callback: () => void (count += 1) });
  nats.subscribe('pair.ping', { callback: (_error, message) => void message.respond(message.data) });
  nats.subscribe('pair.count', { callback: (_error, message) => void message.respond(Buffer.from(String(count))) });
  await nats.flush();
  process.stdout.write('ready\n');
}

async function publisher(): Promise<void> {
  const measureMs = Number(process.env['MEASURE_MS']);
  const fromMs = performance.now();
  let sent = 0;
  while (performance.now() - fromMs < measureMs) {
    for (let i = 0; i < BURST; i += 1) nats.publish('pair.flood', PAYLOAD);
    sent += BURST;
    await nats.flush();
  }
  const taken = Number((await nats.request('pair.count', PAYLOAD, { timeout: 10_000 })).string());
  const tookMs = performance.now() - fromMs;
  if (taken !== sent) throw new Error(`of ${sent} messages ${taken} came`);
  const pings: number[] = [];
  for (let i = 0; i < PINGS; i += 1) {
    const askedMs = performance.now();
    await nats.request('pair.ping', PAYLOAD, { timeout: 10_000 });
    pings.push(performance.now() - askedMs);
  }
  pings.sort((a, b) => a - b);
  process.stdout.write(`${JSON.stringify({ perSecond: (taken / tookMs) * 1000, pingMs: pings[PINGS / 2] ?? 0 })}\n`);
  await nats.drain();
}

await (process.env['ROLE'] === 'publisher' ? publisher() : subscriber());
process.once('SIGTERM', () => process.exit());
