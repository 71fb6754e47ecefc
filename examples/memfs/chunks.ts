/** Bytes of data that are taken and given back together. */
export const CHUNK = 65_536;

/** Chunks that one piece of memory has at most: those of the longest write there is. */
export const PIECE_CHUNKS = 16;

/** Bytes kept for the next file. */
const KEPT = 16 * 1024 * 1024;

/** Pieces of memory that have been given back, by the number of their chunks. */
const kept: Buffer[][] = Array.from({ length: PIECE_CHUNKS + 1 }, () => []);
let keptBytes = 0;

/**
 * Whole chunks that a file has given back go to the next one: the system takes longer to find fresh
 * memory than it takes to fill it, and programs write temporary files all the time.
 *
 * @param length - bytes, at most CHUNK
 * @param isFilled - the caller overwrites all of it, so that it need not be zeros
 */
export function newChunk(length: number, isFilled: boolean): Buffer {
  const old = length === CHUNK ? takeKept(1) : undefined;
  if (old !== undefined) return isFilled ? old : old.fill(0);
  // Not from Node's pool of small buffers: a file would keep its neighbours' memory alive.
  return isFilled ? Buffer.allocUnsafeSlow(length) : Buffer.alloc(length);
}

/** Memory of several chunks in one piece; the caller overwrites all of it. */
export function newPiece(chunks: number): Buffer {
  return takeKept(chunks) ?? Buffer.allocUnsafeSlow(chunks * CHUNK);
}

/** The caller has no more use for a chunk that is a piece of its own, or for all of a larger piece. */
export function recycle(piece: Buffer): void {
  const { length } = piece;
  if (length % CHUNK !== 0) return;
  const own = kept[length / CHUNK]!;
  while (keptBytes + length > KEPT) {
    // Programs that write otherwise than those before would find nothing of use.
    const other = kept.find((pieces) => pieces.length > 0 && pieces !== own);
    const dropped = other?.pop();
    if (dropped === undefined) return;
    keptBytes -= dropped.length;
  }
  own.push(piece);
  keptBytes += length;
}

function takeKept(chunks: number): Buffer | undefined {
  const piece = kept[chunks]!.pop();
  if (piece !== undefined) keptBytes -= piece.length;
  return piece;
}
