import {
  closeSync,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Bytes after which what a process has written goes into the older file, replacing that. */
const LIMIT = 1024 * 1024;
/** Bytes at the end that are looked at for an error. */
const TAIL = 8 * 1024;
const LONGEST_ERROR = 500;

/**
 * The output of one file system. The process itself holds the file open, so that it neither blocks
 * nor fails when the service is gone.
 */
export class LogFile {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** @returns a descriptor for a process to write to; the caller closes its own copy */
  open(): number {
    // Somebody may have tidied up meanwhile.
    mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
    this.keepSmall();
    return openSync(this.path, 'a', 0o600);
  }

  /** The process appends, wherever the end is: it goes on at the beginning. */
  keepSmall(): void {
    try {
      if (statSync(this.path).size < LIMIT) return;
      copyFileSync(this.path, `${this.path}.old`);
      truncateSync(this.path);
    } catch {
      // Not there yet, or the disk is full: then it is looked at again.
    }
  }

  get size(): number {
    try {
      return statSync(this.path).size;
    } catch {
      return 0;
    }
  }

  /**
   * What a process last complained of, on one line.
   * @param from - where its output begins
   */
  lastError(from: number): string | undefined {
    const lines = this.#tail(from)
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const error = lines.findLast((line) => line.startsWith('error: '))?.slice('error: '.length);
    return (error ?? lines.at(-1))?.slice(0, LONGEST_ERROR);
  }

  #tail(from: number): string {
    try {
      const file = openSync(this.path, 'r');
      try {
        const { size } = fstatSync(file);
        // Smaller than it was: it has begun anew.
        const start = Math.max(size < from ? 0 : from, size - TAIL);
        const buffer = Buffer.alloc(TAIL);
        return buffer.toString('utf8', 0, readSync(file, buffer, 0, TAIL, start));
      } finally {
        closeSync(file);
      }
    } catch {
      return '';
    }
  }
}
