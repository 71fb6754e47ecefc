import type { StatsFs } from 'node:fs';
import type { DiskFreeSpace } from 'node-dokan';

/** Free space as statfs tells it, in bytes. */
export function freeSpace({ bsize, blocks, bfree, bavail }: StatsFs): DiskFreeSpace {
  return {
    freeBytesAvailable: bytes(bavail, bsize),
    totalBytes: bytes(blocks, bsize),
    totalFreeBytes: bytes(bfree, bsize),
  };
}

/** Network file systems without limits answer with all bits set, which is more than we may say. */
function bytes(blocks: number, blockSize: number): number {
  return Math.min(blocks * blockSize, Number.MAX_SAFE_INTEGER);
}
