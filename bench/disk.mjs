import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';
import { isMounted } from './mount_list.mjs';

const MEBIBYTES = 4096;

/** Disks that are mounted now, to be taken away when the bench is ended early. */
const live = new Set();

/**
 * The disk that is mirrored: a new ext4 in an image, without caching below it. In a directory of a
 * file system that is in use every peer would find what the one before has left of it: fragments,
 * and inodes that ext4 without a journal looks through for a minute after they were deleted.
 */
export class Disk {
  /** @param scratch - directory for the image; where none can be mounted, it is used itself */
  static async make(scratch) {
    const image = join(scratch, 'disk.img');
    const directory = join(scratch, 'disk');
    mkdirSync(directory, { recursive: true });
    // Of a bench that was killed.
    if (isMounted(directory)) await run(['umount', '-l', directory]);
    try {
      rmSync(image, { force: true });
      // Written once before, or the first peer to write to a place would pay for finding it.
      const blocks = ['bs=1M', `count=${MEBIBYTES}`, 'oflag=direct', 'status=none'];
      await run(['dd', 'if=/dev/zero', `of=${image}`, ...blocks]);
      const now = 'nodiscard,lazy_itable_init=0,lazy_journal_init=0';
      await run(['mkfs.ext4', '-q', '-F', '-E', now, image]);
      await run(['mount', '-o', 'loop', image, directory]);
    } catch (error) {
      rmSync(image, { force: true });
      const reason = error.message.split('\n')[0];
      return new Disk(join(scratch, 'plain'), `its disk, in use otherwise as well (${reason})`);
    }
    const disk = new Disk(directory, 'a new ext4', image);
    live.add(disk);
    const { stdout } = await run(['losetup', '-n', '-O', 'NAME', '-j', image]);
    await run(['losetup', '--direct-io=on', stdout.trim()]);
    return disk;
  }

  #image;

  constructor(directory, description, image) {
    this.directory = directory;
    this.description = description;
    this.#image = image;
    mkdirSync(directory, { recursive: true });
  }

  remove() {
    live.delete(this);
    if (this.#image === undefined) {
      rmSync(this.directory, { recursive: true });
      return;
    }
    // Lazily: somebody may still be looking at it.
    execFileSync('umount', ['-l', this.directory]);
    rmSync(this.#image);
  }
}

export function removeDisks() {
  for (const disk of live) disk.remove();
}
