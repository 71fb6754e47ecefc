import { DokanError, NtStatus } from 'node-dokan';
import { Entry } from './entry.js';
import type { FatVolume } from './fat_volume.js';
import { isOfImage } from './image_error.js';
import type { ImageOpen } from './image_open.js';
import { Record } from './record.js';

/** A directory of the path is gone, and the file with it. */
const GONE: number[] = [
  NtStatus.OBJECT_NAME_NOT_FOUND,
  NtStatus.OBJECT_PATH_NOT_FOUND,
  NtStatus.NOT_A_DIRECTORY,
];

/** All opens of a volume: what has to be found again when the medium was away. */
export class OpenFiles {
  readonly #opens = new Set<ImageOpen>();

  add(open: ImageOpen, volume: FatVolume): void {
    volume.open(open.entry);
    this.#opens.add(open);
  }

  /** @param volume - undefined while there is no medium */
  remove(open: ImageOpen, volume: FatVolume | undefined): void {
    if (open.isLost) {
      this.#opens.delete(open);
    } else if (volume !== undefined) {
      this.#opens.delete(open);
      volume.close(open.entry);
    } else if (open.entry.isRemoved) {
      // Its clusters can only be freed when the medium is back.
      open.isClosed = true;
    } else {
      this.#opens.delete(open);
    }
  }

  /** Another medium is in: none of its files is open. */
  loseAll(): void {
    for (const open of this.#opens) open.lose(NtStatus.WRONG_VOLUME);
    this.#opens.clear();
  }

  /**
   * The medium was read anew: finds what is open by name. Where it cannot be read, it is lost.
   * @param isUntouched - nobody has written to it meanwhile: what has no name is there as well
   */
  moveTo(volume: FatVolume, isUntouched: boolean): void {
    const moved = new Map<Entry, Entry | number>();
    for (const open of [...this.#opens]) {
      if (open.isLost) continue;
      const old = open.entry;
      const entry = moved.get(old) ?? counterpart(old, volume, isUntouched);
      moved.set(old, entry);
      if (typeof entry === 'number') {
        open.lose(entry);
        if (open.isClosed) this.#opens.delete(open);
        continue;
      }
      open.moveTo(entry);
      volume.open(entry);
    }
  }

  /** Frees what was closed while the medium was away. @throws what writing to the device throws */
  removeClosed(volume: FatVolume): void {
    for (const open of [...this.#opens]) if (open.isClosed) this.remove(open, volume);
  }
}

/** What an open is of now, or the status that it fails with from now on. */
function counterpart(old: Entry, volume: FatVolume, isUntouched: boolean): Entry | number {
  if (old.isRemoved) return isUntouched ? nameless(old, volume) : NtStatus.FILE_INVALID;
  if (old.isRoot) return volume.root;
  try {
    const found = volume.find(old.path());
    return found !== undefined && isSame(old.record, found.record) ? found : NtStatus.FILE_INVALID;
  } catch (error) {
    if (!isOfImage(error)) throw error;
    const { status } = error instanceof DokanError ? error : { status: NtStatus.IO_DEVICE_ERROR };
    return GONE.includes(status) ? NtStatus.FILE_INVALID : status;
  }
}

function nameless(old: Entry, { geometry }: FatVolume): Entry {
  const entry = new Entry(old.name, new Record(Buffer.from(old.record.bytes), geometry), undefined);
  entry.isRemoved = true;
  return entry;
}

/** Not another file of the same name. An empty file has no cluster yet, or any more. */
function isSame(old: Record, found: Record): boolean {
  const isEmpty = old.firstCluster === 0 || found.firstCluster === 0;
  return (
    old.isDirectory === found.isDirectory &&
    old.creationTime === found.creationTime &&
    (isEmpty || old.firstCluster === found.firstCluster)
  );
}
