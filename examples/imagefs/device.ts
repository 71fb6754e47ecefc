import { DokanError, NtStatus } from 'node-dokan';

/** What holds the disk: reads and writes are done when they return. */
export interface DiskImage {
  readonly isReadOnly: boolean;
  read(buffer: Uint8Array, position: number): void;
  write(buffer: Uint8Array, position: number): void;
  /** Bytes. */
  size(): number;
  sync(): Promise<void>;
}

/** The part of the image that is the volume. Positions count from its start, in bytes. */
export class Device {
  readonly #image: DiskImage;
  readonly #start: number;
  readonly #size: number;

  constructor(image: DiskImage, start: number, size: number) {
    this.#image = image;
    this.#start = start;
    this.#size = size;
  }

  get isReadOnly(): boolean {
    return this.#image.isReadOnly;
  }

  /** Fills the buffer. @throws DokanError IO_DEVICE_ERROR where the image ends before that */
  read(buffer: Uint8Array, position: number): void {
    this.#checkRange(buffer, position);
    this.#image.read(buffer, this.#start + position);
  }

  /** @throws DokanError MEDIA_WRITE_PROTECTED; IO_DEVICE_ERROR where the image ends before that */
  write(buffer: Uint8Array, position: number): void {
    this.#checkRange(buffer, position);
    if (this.#image.isReadOnly) throw new DokanError(NtStatus.MEDIA_WRITE_PROTECTED);
    // An image that was cut would grow again, with a hole in it that looks like contents.
    if (this.#image.size() < this.#start + this.#size) {
      throw new DokanError(NtStatus.IO_DEVICE_ERROR);
    }
    this.#image.write(buffer, this.#start + position);
  }

  sync(): Promise<void> {
    return this.#image.sync();
  }

  /** Whatever the volume says: what is not its own is never touched. */
  #checkRange({ length }: Uint8Array, position: number): void {
    if (position + length > this.#size) throw new DokanError(NtStatus.DISK_CORRUPT_ERROR);
  }
}
