import { NtStatus } from 'node-dokan';
import { Entry } from './entry.js';
import type { FatVolume } from './fat_volume.js';
import type { ImageOpen } from './image_open.js';
import { Record } from './record.js';

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
   * The medium was read anew: finds what is open by name.
   * @param isUntouched - nobody has written to it meanwhile: what has no name is there as well
   */
  moveTo(volume: FatVolume, isUntouched: boolean): void {
    const moved = new Map<Entry, Entry | undefined>();
    for (const open of [...this.#opens]) {
      if (open.isLost) continue;
      const old = open.entry;
      if (!moved.has(old)) moved.set(old, counterpart(old, volume, isUntouched));
      const entry = moved.get(old);
      if (entry === undefined) {
        open.lose(NtStatus.FILE_INVALID);
        if (open.isClosed) this.#opens.delete(open);
        continue;
      }
      open.moveTo(entry);
      volume.open(entry);
    }
    for (const open of [...this.#opens]) if (open.isClosed) this.remove(open, volume);
  }
}

function counterpart(old: Entry, volume: FatVolume, isUntouched: boolean): Entry | undefined {
  if (old.isRemoved) return isUntouched ? nameless(old) : undefined;
  if (old.isRoot) return volume.root;
  let found: Entry | undefined;
  try {
    found = volume.find(old.path());
  } catch {
    // A directory of its path is gone, and it with it.
  }
  return found !== undefined && isSame(old.record, found.record) ? found : undefined;
}

function nameless(old: Entry): Entry {
  const entry = new Entry(old.name, new Record(Buffer.from(old.record.bytes)), undefined);
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
