import { readFileSync } from 'node:fs';

/** By the kernel's list, and so without touching the volume, which may not answer. */
export function isMounted(directory) {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${directory} `);
}
