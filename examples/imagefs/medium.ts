import { statSync } from 'node:fs';
import { DokanError, NtStatus } from 'node-dokan';
import { Device } from './device.js';
import { FatVolume } from './fat_volume.js';
import { BOOT_SECTOR_SIZE, parseBootSector, type Geometry } from './geometry.js';
import { identityOf, ImageFile, type FileIdentity } from './image_file.js';
import type { ImageOpen } from './image_open.js';
import { OpenFiles } from './open_files.js';
import { findVolume, type FoundVolume } from './partition.js';

export type MediumState = 'present' | 'changed' | 'absent';

/** What happens to the medium, for people to read. */
export type MediumEvent = 'absent' | 'back' | 'changed';

/** Milliseconds between two looks at the file: no request is for longer unaware that it is gone. */
const LOOK_INTERVAL = 250;

interface Inserted {
  readonly image: ImageFile;
  readonly found: FoundVolume;
  readonly device: Device;
  readonly volume: FatVolume;
  /** Bytes of the image. */
  readonly size: number;
}

/** A change went wrong half-way: what is in memory may not be what is on the disk. */
const SPOILING: number[] = [
  NtStatus.IO_DEVICE_ERROR,
  NtStatus.DISK_CORRUPT_ERROR,
  NtStatus.FILE_CORRUPT_ERROR,
];

/**
 * The image as a medium that may be taken out and put back. It is the same medium when serial
 * number, label and size are the same; a file that was replaced is noticed by its inode.
 */
export class Medium {
  readonly opens = new OpenFiles();
  readonly #path: string;
  readonly #partition: number | undefined;
  readonly #report: (event: MediumEvent) => void;
  #inserted: Inserted | undefined;
  /** The volume that was in last: what is open is compared with it. */
  #latest: Inserted;
  /** The file as it was when the medium was found to be gone. */
  #lastSeen: FileIdentity | undefined;
  #looked = performance.now();
  #hasChanged = false;
  #isSpoiled = false;

  /**
   * @param partition - number of a partition; default: what `findVolume` finds first
   * @param report - is told when the medium comes and goes
   * @throws ImageError when there is no FAT volume in the image
   */
  constructor(path: string, partition?: number, report: (event: MediumEvent) => void = () => {}) {
    this.#path = path;
    this.#partition = partition;
    this.#report = report;
    this.#inserted = this.#latest = this.#insert();
  }

  get isReadOnly(): boolean {
    return this.#latest.image.isReadOnly;
  }

  /** The volume that is in, or was in last. */
  get latest(): FatVolume {
    return this.#latest.volume;
  }

  /** Looks at the file. 'changed' is said once: then the other medium is present. */
  check(): MediumState {
    this.#look();
    if (this.#inserted === undefined) return 'absent';
    if (!this.#hasChanged) return 'present';
    this.#hasChanged = false;
    return 'changed';
  }

  /**
   * The volume that is in. One that nobody was told of by `check` is none yet: what was opened in it
   * would be taken for an open of the one before.
   * @throws DokanError NO_MEDIA_IN_DEVICE
   */
  volume(): FatVolume {
    if (this.#isSpoiled || performance.now() - this.#looked >= LOOK_INTERVAL) this.#look();
    if (this.#inserted === undefined || this.#hasChanged) {
      throw new DokanError(NtStatus.NO_MEDIA_IN_DEVICE);
    }
    return this.#inserted.volume;
  }

  /** An open is closed, whether there is a medium or not. */
  close(open: ImageOpen): void {
    this.opens.remove(open, this.#inserted?.volume);
  }

  /**
   * A request has failed.
   * @param isChange - it was one that writes
   * @returns what it is to fail with
   */
  explain(error: unknown, isChange: boolean): unknown {
    if (error instanceof DokanError) {
      const isDeviceError = error.status === NtStatus.IO_DEVICE_ERROR;
      if (!isDeviceError && !(isChange && SPOILING.includes(error.status))) return error;
    }
    this.#isSpoiled = true;
    this.#look();
    return this.#inserted === undefined ? new DokanError(NtStatus.NO_MEDIA_IN_DEVICE) : error;
  }

  /** Waits until all that was written is safe, and lets go of the file. */
  async end(): Promise<void> {
    const { image, volume } = this.#inserted ?? {};
    this.#inserted = undefined;
    try {
      if (image?.isReadOnly === false) await volume?.sync();
    } finally {
      image?.close();
    }
  }

  #look(): void {
    this.#looked = performance.now();
    if (this.#inserted !== undefined && !this.#isSpoiled && this.#isStillThere(this.#inserted)) {
      return;
    }
    const wasPresent = this.#inserted !== undefined;
    const before = this.#latest;
    this.#eject();
    let inserted: Inserted;
    try {
      inserted = this.#insert();
    } catch (error) {
      // Whatever keeps it from being read: without a code it is a defect of ours.
      if (!(error instanceof Error) || !('code' in error)) throw error;
      if (wasPresent) this.#report('absent');
      return;
    }
    this.#inserted = this.#latest = inserted;
    this.#isSpoiled = false;
    if (isSameMedium(before, inserted)) {
      const { image } = inserted;
      this.opens.moveTo(inserted.volume, isSameFile(this.#lastSeen, image.identity()));
      if (!wasPresent) this.#report('back');
    } else {
      this.opens.loseAll();
      this.#hasChanged = true;
      this.#report('changed');
    }
  }

  #isStillThere({ image, found, device, size }: Inserted): boolean {
    try {
      const seen = identityOf(statSync(this.#path, { bigint: true }));
      const own = image.identity();
      if (seen.inode !== own.inode || seen.device !== own.device) return false;
      if (own.size !== size) return false;
      const boot = Buffer.alloc(BOOT_SECTOR_SIZE);
      device.read(boot, 0);
      const geometry = parseBootSector(boot);
      return geometry !== undefined && isSameVolume(geometry, found.geometry);
    } catch {
      return false;
    }
  }

  /** Lets go of the file, so that what holds it can be taken away. */
  #eject(): void {
    const { image } = this.#inserted ?? {};
    this.#inserted = undefined;
    if (image === undefined) return;
    try {
      this.#lastSeen = image.identity();
    } catch {
      this.#lastSeen = undefined;
    }
    image.close();
  }

  #insert(): Inserted {
    const image = ImageFile.open(this.#path);
    try {
      const found = findVolume(image, this.#path, this.#partition);
      const device = new Device(image, found.position, found.geometry.size);
      const volume = new FatVolume(device, found.geometry);
      return { image, found, device, volume, size: image.size() };
    } catch (error) {
      image.close();
      throw error;
    }
  }
}

function isSameMedium(one: Inserted, other: Inserted): boolean {
  return (
    one.size === other.size &&
    one.found.position === other.found.position &&
    isSameVolume(one.found.geometry, other.found.geometry)
  );
}

function isSameVolume(one: Geometry, other: Geometry): boolean {
  return (
    one.serialNumber === other.serialNumber &&
    one.label === other.label &&
    one.kind === other.kind &&
    one.size === other.size &&
    one.clusterSize === other.clusterSize
  );
}

/** The same file, and nobody has written to it. Mounted again, its disk may have another number. */
function isSameFile(one: FileIdentity | undefined, other: FileIdentity): boolean {
  return (
    one !== undefined &&
    one.inode === other.inode &&
    one.size === other.size &&
    one.modified === other.modified
  );
}
