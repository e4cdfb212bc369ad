import { Redis } from 'ioredis';
import { answerTo, CHANNEL, readRelayed, writeRelayed } from './relayed-message.ts';

/** The worker behind the relay of `ws` and Redis: frames go back as they came, texts are answered. */
const url = process.env['REDIS_URL'] ?? '';
const publisher = new Redis(url, { enableAutoPipelining: true });
const subscriber = new Redis(url);
subscriber.on('messageBuffer', (_channel: Buffer, bytes: Buffer) => {
  const { slot, isBinary, message } = readRelayed(bytes);
  const answer = isBinary ? bytes : writeRelayed({ slot, isBinary, message: Buffer.from(JSON.stringify(answerTo(message.toString()))) });
  void publisher.publish(CHANNEL.down, answer);
});
await subscriber.subscribe(CHANNEL.up);
process.stdout.write('ready\n');
process.once('SIGTERM', () => process.exit());
