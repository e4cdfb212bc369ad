import { connect } from 'nats';
import { BareBatch, readBareBatch } from './bare-batch.ts';

/** The worker of the bare chain: sends every frame back where it came from. */
const nats = await connect({ servers: process.env['NATS_URL'] ?? '' });
const batch = new BareBatch((bytes) => nats.publish('bare.gateway', bytes));
nats.subscribe('bare.worker', {
  callback: (_error, message) => readBareBatch(message.data, (slot, frame) => batch.add(slot, frame)),
});
await nats.flush();
process.stdout.write('ready\n');
process.once('SIGTERM', () => process.exit());
