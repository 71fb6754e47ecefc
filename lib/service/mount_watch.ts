import { readFile } from 'node:fs/promises';
import { listMounts, type MountEntry } from '../mounts/list.js';

/**
 * The list of mounts, asked for no more often than there is need: every volume in it has to answer
 * for it.
 */
export class MountWatch {
  #mounts: MountEntry[] | undefined;
  #kernelList = '';
  #readAt = -Infinity;

  /**
   * @param age - milliseconds it may be old, where the kernel's own list is still the same
   * @returns undefined when it cannot be had now
   */
  async mounts(age: number): Promise<readonly MountEntry[] | undefined> {
    const kernelList = await readKernelList().catch(() => undefined);
    // Out of descriptors, for one: that is looked at again.
    if (kernelList === undefined) return undefined;
    const isFresh = performance.now() - this.#readAt < age && kernelList === this.#kernelList;
    if (!isFresh) {
      this.#readAt = performance.now();
      this.#kernelList = kernelList;
      this.#mounts = await listMounts().catch(() => undefined);
    }
    return this.#mounts;
  }
}

/** Windows has none that costs nothing. */
async function readKernelList(): Promise<string> {
  return process.platform === 'linux' ? readFile('/proc/self/mountinfo', 'utf8') : '';
}
