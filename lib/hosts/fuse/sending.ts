import { Errno } from './protocol.js';
import type { Request } from './request.js';
import { NOT_SENT, type Transport } from './transport.js';

/**
 * Sends a request's reply, in two pieces where the end of it is the file system's own memory.
 * @param length - of the piece that is in the request's memory, in bytes
 * @returns as `Transport.send`
 */
export function sendReply(transport: Transport, request: Request, length: number): number {
  const { payload } = request;
  if (payload === undefined) return transport.send(request.output, length);
  request.payload = undefined;
  const sent = transport.sendParts(request.output, length, payload, payload.length);
  if (sent !== 0) failInstead(transport, request);
  return sent;
}

/**
 * The same, and takes the next request to the request's memory.
 * @param spin - how long to look for it, in microseconds
 * @returns as `Transport.exchange`
 */
export function exchangeReply(
  transport: Transport,
  request: Request,
  length: number,
  spin: number,
): number {
  const { input, output, payload } = request;
  if (payload === undefined) return transport.exchange(output, length, input, spin);
  // What is sent is let go of: the request may be kept for long.
  request.payload = undefined;
  const taken = transport.exchangeParts(output, length, payload, payload.length, input, spin);
  if (taken <= NOT_SENT) failInstead(transport, request);
  return taken;
}

/** The memory may be such as cannot be sent. Whoever waits nevertheless learns that from the kernel. */
function failInstead(transport: Transport, request: Request): void {
  transport.send(request.output, request.fail(Errno.EIO));
}
