import { FileAttributes, FileMode } from '../../constants.js';
import type { FileInformation } from '../../operations.js';

const OWNER_WRITE = 0o200;

/**
 * The attributes Windows sees, made from the mode where a file system gives none.
 *
 * A symbolic link by its mode is no REPARSE_POINT: Dokan has no way to tell what a reparse point
 * holds, and who sees the attribute asks for that and fails.
 *
 * @param isDirectory - what is known from elsewhere
 */
export function attributesOf({ attributes, mode }: FileInformation, isDirectory: boolean): number {
  // 0 means "leave them" wherever Windows takes attributes; a file without any is NORMAL.
  if (attributes !== undefined) return attributes === 0 ? FileAttributes.NORMAL : attributes;
  const directory = isDirectory || isDirectoryMode(mode) ? FileAttributes.DIRECTORY : 0;
  const readOnly = mode !== undefined && (mode & OWNER_WRITE) === 0 ? FileAttributes.READONLY : 0;
  return (directory | readOnly) === 0 ? FileAttributes.NORMAL : directory | readOnly;
}

function isDirectoryMode(mode: number | undefined): boolean {
  return mode !== undefined && (mode & FileMode.TYPE_MASK) === FileMode.DIRECTORY;
}

/**
 * True for a listing's entry that tells all Windows shows of it; others are asked for one by one. A
 * file whose size was left out would be shown as an empty one.
 */
export function saysEnough(info: FileInformation): boolean {
  if (info.size !== undefined) return true;
  return (
    ((info.attributes ?? 0) & FileAttributes.DIRECTORY) !== 0 ||
    (info.attributes === undefined && isDirectoryMode(info.mode))
  );
}
