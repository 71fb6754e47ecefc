import { statSync } from 'node:fs';
import { DokanError, NtStatus } from 'node-dokan';
import { Device } from './device.js';
import { FatVolume } from './fat_volume.js';
import { BOOT_SECTOR_SIZE, parseBootSector, type Geometry } from './geometry.js';
import { ImageError, isOfImage } from './image_error.js';
import { identityOf, ImageFile, type FileIdentity } from './image_file.js';
import type { ImageOpen } from './image_open.js';
import { OpenFiles } from './open_files.js';
import { findVolume, type FoundVolume } from './partition.js';

export type MediumState = 'present' | 'changed' | 'absent';

/** What happens to the medium, for people to read. */
export type MediumEvent = 'absent' | 'back' | 'changed';

/** Milliseconds between two looks at the file: no request is for longer unaware that it is gone. */
const LOOK_INTERVAL = 250;

/** Windows may set the time of a write as late as when the file is closed. */
const HAS_TIME_OF_WRITE = process.platform !== 'win32';

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
 * number, label and size are the same; a file that was replaced is noticed by its inode, one that
 * somebody else wrote to by its time: then it is read anew.
 */
export class Medium {
  readonly opens = new OpenFiles();
  readonly #path: string;
  readonly #partition: number | undefined;
  readonly #report: (event: MediumEvent) => void;
  #inserted: Inserted | undefined;
  /** The volume that was in last: what is open is compared with it. */
  #latest: Inserted;
  #looked = performance.now();
  #hasChanged = false;
  /** It was read anew, and what the host keeps of it is out of date: to be told by `check`. */
  #isOutdated = false;
  #isAbsenceTold = false;
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

  /**
   * Looks at the file. 'changed' is said once: then the other medium is present. 'absent' is also
   * said once of one that somebody has written to, so that nothing of it is kept anywhere.
   */
  check(): MediumState {
    this.#look();
    if (this.#inserted === undefined) {
      this.#isAbsenceTold = true;
      this.#isOutdated = false;
      return 'absent';
    }
    const state = this.#hasChanged ? 'changed' : this.#isOutdated ? 'absent' : 'present';
    this.#hasChanged = this.#isOutdated = false;
    return state;
  }

  /**
   * The volume that is in. One that nobody was told of by `check` is none yet: what was opened in it
   * would be taken for an open of the one before.
   * @param isChange - it is to be written to: then it is looked at in any case, since what is in
   *   memory would go to whatever has been put in its place
   * @throws DokanError NO_MEDIA_IN_DEVICE
   */
  volume(isChange = false): FatVolume {
    const isUrgent = this.#isSpoiled || (isChange && this.#inserted !== undefined);
    if (isUrgent || performance.now() - this.#looked >= LOOK_INTERVAL) this.#look();
    if (this.#inserted === undefined || this.#hasChanged) {
      throw new DokanError(NtStatus.NO_MEDIA_IN_DEVICE);
    }
    return this.#inserted.volume;
  }

  /** An open is closed, whether there is a medium or not. */
  close(open: ImageOpen): void {
    // Closing may free clusters: not those of whatever has been put in.
    if (this.#inserted !== undefined && !open.isLost && open.entry.isRemoved) this.#look();
    this.opens.remove(open, this.#inserted?.volume);
  }

  /**
   * A request has failed. One that only reads has spoiled nothing: a sector may be bad.
   * @param isChange - it was one that writes
   * @returns what it is to fail with
   */
  explain(error: unknown, isChange: boolean): unknown {
    if (error instanceof DokanError) {
      const isDeviceError = error.status === NtStatus.IO_DEVICE_ERROR;
      if (!isDeviceError && !(isChange && SPOILING.includes(error.status))) return error;
    }
    this.#isSpoiled ||= isChange;
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
      if (!isOfImage(error)) throw error;
      if (wasPresent) this.#report('absent');
      return;
    }
    this.#inserted = this.#latest = inserted;
    if (isSameMedium(before, inserted)) {
      this.#goOn(before, inserted);
      if (!wasPresent) this.#report('back');
    } else {
      this.opens.loseAll();
      this.#hasChanged = true;
      this.#report('changed');
    }
    this.#isAbsenceTold = false;
  }

  /** The medium is the one it was before. */
  #goOn(before: Inserted, { image, volume }: Inserted): void {
    const isUntouched = isSameFile(before.image.known, image.known);
    this.#isOutdated ||= !isUntouched && !this.#isAbsenceTold;
    this.opens.moveTo(volume, isUntouched);
    try {
      this.opens.removeClosed(volume);
    } catch (error) {
      if (!isOfImage(error)) throw error;
      this.#isSpoiled = true;
    }
  }

  #isStillThere({ image, found, device, size }: Inserted): boolean {
    try {
      const seen = identityOf(statSync(this.#path, { bigint: true }));
      const own = image.identity();
      if (seen.inode !== own.inode || seen.device !== own.device) return false;
      if (own.size !== size) return false;
      if (HAS_TIME_OF_WRITE && own.modified !== image.known.modified) return false;
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
    this.#inserted?.image.close();
    this.#inserted = undefined;
    this.#isSpoiled = false;
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
      if (error instanceof ImageError || !isOfImage(error)) throw error;
      const { code = 'EIO' } = error as NodeJS.ErrnoException;
      const problem = `The FAT file system cannot be read (${code})`;
      const cure = 'Have it mended (fsck.fat, chkdsk), or take a copy that is whole (--image).';
      throw new ImageError(code, problem, this.#path, cure, error);
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
function isSameFile(one: FileIdentity, other: FileIdentity): boolean {
  return one.inode === other.inode && one.size === other.size && one.modified === other.modified;
}
