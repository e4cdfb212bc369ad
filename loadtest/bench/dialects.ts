import { BINARY_HEADER_BYTES, BINARY_KIND, BINARY_VERSION } from '../../shared/protocol/binary-frame.ts';
import { OPCODE, preparedFrame } from '../load/websocket-frames.ts';
import type { OpenStream } from '../load/byte-stream.ts';
import { WireSocket } from '../load/wire-socket.ts';
import type { Dialect, Line } from './caller-plan.ts';

/** Who hears what comes on a voice line. */
export interface VoiceLineListener {
  /** Audio: what is after `at` in `message`, which is only good during the call; `seq` is the sender's number of it. */
  onAudio(message: Buffer, at: number, seq: number): void;
  /** A text message. */
  onText(text: string): void;
  onClosed(reason: string): void;
}

/** One caller's connection, whatever is spoken on it. */
export interface VoiceLine {
  /** Sends audio of `bytes` bytes, which `write` puts into `frame` from `at` on. */
  sendAudio(bytes: number, priority: number, write: (frame: Buffer, at: number) => void): void;
  sendText(content: string): void;
  /** Says that everything up to the agent message `seq` was played. */
  sendPlayed(seq: number): void;
  close(): void;
}

const SEQ_AT = 4;

/** Opens a line. Rejects where it is refused. */
export function openLine(dialect: Dialect, line: Line, openStream: OpenStream, listener: VoiceLineListener): Promise<VoiceLine> {
  return dialect === 'native' ? openNative(line, openStream, listener) : openSocketIo(line, openStream, listener);
}

async function openNative({ url, protocols }: Line, openStream: OpenStream, listener: VoiceLineListener): Promise<VoiceLine> {
  const socket = await WireSocket.open({
    url, protocols, openStream,
    onMessage: (payload, isText) => {
      if (isText) listener.onText(payload.toString());
      else if (payload.length >= BINARY_HEADER_BYTES) listener.onAudio(payload, BINARY_HEADER_BYTES, payload.readUInt32LE(SEQ_AT));
    },
    onClose: (code, reason) => listener.onClosed(`closed with ${code} ${reason}`.trim()),
  });
  return {
    sendAudio: (bytes, priority, write) => socket.send(audioMessage(bytes, priority, write)),
    sendText: (content) => socket.sendText(JSON.stringify({ type: 'text', content })),
    sendPlayed: (seq) => socket.sendText(`{"type":"played","seq":${seq}}`),
    close: () => socket.cut(),
  };
}

/** Audio under the header of the native wire; references get the same bytes. */
function audioMessage(bytes: number, priority: number, write: (frame: Buffer, at: number) => void): Buffer {
  const { bytes: frame, payloadAt } = preparedFrame(OPCODE.binary, BINARY_HEADER_BYTES + bytes);
  frame[payloadAt] = BINARY_VERSION;
  frame[payloadAt + 1] = BINARY_KIND.audio;
  frame[payloadAt + 2] = priority;
  write(frame, payloadAt + BINARY_HEADER_BYTES);
  return frame;
}

/** Packets of Engine.IO 4 and Socket.IO 5 as far as they occur here. */
const EIO = { open: '0', ping: '2', pong: '3', connect: '40', event: '42' } as const;
/** An event whose one argument is the binary message that follows. */
const FRAME_EVENT = '451-["frame",{"_placeholder":true,"num":0}]';
const TEXT_EVENT = '42["text",';

async function openSocketIo({ url }: Line, openStream: OpenStream, listener: VoiceLineListener): Promise<VoiceLine> {
  let joined: () => void = () => undefined;
  const hasJoined = new Promise<void>((resolve) => (joined = resolve));
  const hear = (packet: string): void => {
    if (packet === EIO.ping) socket.sendText(EIO.pong);
    else if (packet.startsWith(EIO.open)) socket.sendText(EIO.connect);
    else if (packet.startsWith(EIO.connect)) joined();
    else if (packet.startsWith(TEXT_EVENT)) listener.onText(packet.slice(EIO.event.length));
  };
  const early: string[] = [];
  let isReady = false;
  const socket = await WireSocket.open({
    url: `${url}/socket.io/?EIO=4&transport=websocket`, openStream,
    onMessage: (payload, isText) => {
      if (!isText) return listener.onAudio(payload, BINARY_HEADER_BYTES, 0);
      if (isReady) hear(payload.toString());
      else early.push(payload.toString());
    },
    onClose: (code, reason) => listener.onClosed(`closed with ${code} ${reason}`.trim()),
  });
  isReady = true;
  for (const packet of early) hear(packet);
  await hasJoined;
  return {
    sendAudio: (bytes, priority, write) => {
      socket.cork();
      socket.sendText(FRAME_EVENT);
      socket.send(audioMessage(bytes, priority, write));
      socket.uncork();
    },
    sendText: (content) => socket.sendText(`${TEXT_EVENT}${JSON.stringify({ type: 'text', content })}]`),
    sendPlayed: () => undefined,
    close: () => socket.cut(),
  };
}
