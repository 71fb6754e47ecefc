import { readFile } from 'node:fs/promises';
import { decodeBytes } from '../hosts/fuse/names.js';

/** How long a process may keep us waiting for what it has mapped or is called, in milliseconds. */
const PATIENCE = 500;

/** The answer of a process that is in the middle of changing its memory, which may wait for a volume. */
export const LATE = Symbol('late');

/**
 * A file of /proc that the kernel writes as it is read. Such a read cannot be taken back: one that is
 * late goes on, on a thread of Node's pool.
 * @returns '' for what cannot be read; `LATE` when that takes too long
 */
export async function readProcess(path: string): Promise<string | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), PATIENCE);
  });
  const text = readFile(path).then(decodeBytes, () => '');
  const answer = await Promise.race([text, late]);
  clearTimeout(timer);
  return answer;
}
