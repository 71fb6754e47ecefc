/** Bytes of data that lie in one piece. */
export const CHUNK = 65_536;

/** Whole chunks kept for the next file: 16 MiB. */
const KEPT = 256;

const kept: Buffer[] = [];

/**
 * Whole chunks that a file has given back go to the next one: the system takes longer to find fresh
 * memory than it takes to fill it, and programs write temporary files all the time.
 *
 * @param length - bytes, at most CHUNK
 * @param isFilled - the caller overwrites all of it, so that it need not be zeros
 */
export function newChunk(length: number, isFilled: boolean): Buffer {
  const old = length === CHUNK ? kept.pop() : undefined;
  if (old !== undefined) return isFilled ? old : old.fill(0);
  // Not from Node's pool of small buffers: a file would keep its neighbours' memory alive.
  return isFilled ? Buffer.allocUnsafeSlow(length) : Buffer.alloc(length);
}

/** The caller has no more use for a chunk. */
export function recycle(chunk: Buffer): void {
  if (chunk.length === CHUNK && kept.length < KEPT) kept.push(chunk);
}
