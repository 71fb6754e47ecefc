// Orders from the test and events to it, as JSON lines over a socket: Wine's pipes lose data.
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * Obeys orders until the test hangs up, which ends the process.
 * @param orders - functions by name
 * @returns what sends an event
 */
export async function serve(port, orders) {
  const socket = connect({ host: '127.0.0.1', port });
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.setNoDelay(true);
  socket.on('close', () => process.exit(9));
  const say = (message) => socket.write(`${JSON.stringify(encode(message))}\n`);
  createInterface({ input: socket }).on('line', (line) => {
    void obey(say, orders, JSON.parse(line));
  });
  return say;
}

async function obey(say, orders, { id, order, args }) {
  try {
    say({ id, ok: await orders[order](...args.map(decode)) });
  } catch (error) {
    const { name, code, option, status, message, cure, mountPoint } = error;
    say({ id, error: { name, code, option, status, message, cure, mountPoint } });
  }
}

/** What JSON has no word for: buffers, bigints, Dates, `undefined` in arrays. */
export function encode(value) {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (ArrayBuffer.isView(value)) return { $buffer: Buffer.from(value).toString('base64') };
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((item) => encode(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, encode(item)]));
}

export function decode(value) {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => decode(item));
  if (value.$bigint !== undefined) return BigInt(value.$bigint);
  if (value.$buffer !== undefined) return Buffer.from(value.$buffer, 'base64');
  if (value.$date !== undefined) return new Date(value.$date);
  if (value.$number !== undefined) return Number(value.$number);
  if (value.$symbol !== undefined) return Symbol(value.$symbol);
  if (value.$undefined !== undefined) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, decode(item)]));
}
