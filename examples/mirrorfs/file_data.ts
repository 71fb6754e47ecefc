import { readSync, writeSync } from 'node:fs';

const ZEROS = Buffer.alloc(64 * 1024);

/** Reads until the buffer is full or the file ends. @returns bytes read */
export function readFully(fd: number, buffer: Buffer, offset: number): number {
  const { length } = buffer;
  let done = 0;
  while (done < length) {
    const count = readSync(fd, buffer, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/**
 * Writes all of it.
 * @param offset - bytes; null writes where the descriptor stands
 * @returns bytes written: fewer only when an error came after some had been written
 */
export function writeFully(fd: number, data: Buffer, offset: number | null): number {
  const { length } = data;
  let done = 0;
  while (done < length) {
    try {
      done += writeSync(fd, data, done, length - done, offset === null ? null : offset + done);
    } catch (error) {
      // The disk is full, for one: what is written stays written, the next write gets the error.
      if (done === 0) throw error;
      break;
    }
  }
  return done;
}

export function writeZeros(fd: number, offset: number, length: number): void {
  for (let done = 0; done < length;) {
    const count = Math.min(ZEROS.length, length - done);
    done += writeSync(fd, ZEROS, 0, count, offset + done);
  }
}
