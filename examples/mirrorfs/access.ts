import { constants } from 'node:fs';
import { FileAccess } from 'node-dokan';

const { O_RDONLY, O_WRONLY, O_RDWR } = constants;

const READS =
  FileAccess.READ_DATA |
  FileAccess.EXECUTE |
  FileAccess.GENERIC_READ |
  FileAccess.GENERIC_EXECUTE |
  FileAccess.GENERIC_ALL;

const WRITES =
  FileAccess.WRITE_DATA |
  FileAccess.APPEND_DATA |
  FileAccess.GENERIC_WRITE |
  FileAccess.GENERIC_ALL;

/** The content of the file is of interest, not its attributes or name alone. */
export function wantsData(access: number): boolean {
  return (access & (READS | WRITES | FileAccess.MAXIMUM_ALLOWED)) !== 0;
}

export function wantsToWrite(access: number): boolean {
  return (access & WRITES) !== 0;
}

/** May write nowhere but at the end. */
export function appendsOnly(access: number): boolean {
  return wantsToWrite(access) && (access & WRITES) === FileAccess.APPEND_DATA;
}

const READ_ONLY = [O_RDONLY];
const READ_WRITE = [O_RDWR];
const WRITE = [O_RDWR, O_WRONLY];
const MAXIMUM = [O_RDWR, O_RDONLY];

/**
 * How to open a file for this access, best first. Writers read too where they may: the page cache
 * reads what it is about to change in part, whatever the application asked for.
 */
export function openModes(access: number): readonly number[] {
  if (wantsToWrite(access)) return (access & READS) === 0 ? WRITE : READ_WRITE;
  return (access & FileAccess.MAXIMUM_ALLOWED) === 0 ? READ_ONLY : MAXIMUM;
}
