import { closeSync, fdatasync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { DokanError, NtStatus } from 'node-dokan';
import type { DiskImage } from './device.js';
import { ImageError } from './image_error.js';

const syncData = promisify(fdatasync);

/** What tells one file from another, and a file from itself after somebody else wrote to it. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: number;
  readonly modified: bigint;
}

/** As `fstat` and `stat` have it, called with `bigint`. */
export interface BigStats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

export function identityOf({ dev, ino, size, mtimeNs }: BigStats): FileIdentity {
  return { device: dev, inode: ino, size: Number(size), modified: mtimeNs };
}

/** Why a file is not opened for writing where it can be opened for reading. */
const READ_ONLY_REASONS = ['EACCES', 'EPERM', 'EROFS'];

interface Opened {
  readonly fd: number;
  readonly isReadOnly: boolean;
}

/** The file that holds the disk. Nothing of it is cached here: what is written is in the file. */
export class ImageFile implements DiskImage {
  readonly #fd: number;
  readonly isReadOnly: boolean;
  #known: FileIdentity;

  private constructor({ fd, isReadOnly }: Opened) {
    this.#fd = fd;
    this.isReadOnly = isReadOnly;
    this.#known = this.identity();
  }

  /** As it was when it was opened, or after the last write through here. */
  get known(): FileIdentity {
    return this.#known;
  }

  /**
   * Opens for reading and writing, or for reading where more is not allowed.
   * @throws ImageError, with the errno that it was not opened for
   */
  static open(path: string): ImageFile {
    let image: ImageFile;
    try {
      image = new ImageFile(openFile(path));
    } catch (error) {
      const { code = 'EIO' } = error as NodeJS.ErrnoException;
      const cure = 'Name a file that holds a disk, and that you may read (--image).';
      throw new ImageError(code, `Cannot open the image (${code})`, path, cure, error);
    }
    if (fstatSync(image.#fd).isFile()) return image;
    image.close();
    throw new ImageError('EINVAL', 'Not a file', path, 'Name a file that holds a disk (--image).');
  }

  identity(): FileIdentity {
    return identityOf(fstatSync(this.#fd, { bigint: true }));
  }

  /** Fills the buffer. @throws DokanError IO_DEVICE_ERROR where the file ends before that */
  read(buffer: Uint8Array, position: number): void {
    let done = 0;
    while (done < buffer.length) {
      const length = readSync(this.#fd, buffer, done, buffer.length - done, position + done);
      if (length === 0) throw new DokanError(NtStatus.IO_DEVICE_ERROR);
      done += length;
    }
  }

  /** Writes all of the buffer. */
  write(buffer: Uint8Array, position: number): void {
    try {
      let done = 0;
      while (done < buffer.length) {
        done += writeSync(this.#fd, buffer, done, buffer.length - done, position + done);
      }
    } finally {
      this.#known = this.identity();
    }
  }

  /** Bytes the file has now. */
  size(): number {
    return fstatSync(this.#fd).size;
  }

  /** Waits until what was written is on the disk below. */
  async sync(): Promise<void> {
    await syncData(this.#fd);
  }

  close(): void {
    try {
      closeSync(this.#fd);
    } catch {
      // What holds the file is gone: there is nothing left to close.
    }
  }
}

function openFile(path: string): Opened {
  try {
    return { fd: openSync(path, 'r+'), isReadOnly: false };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!READ_ONLY_REASONS.includes(code)) throw error;
    return { fd: openSync(path, 'r'), isReadOnly: true };
  }
}
