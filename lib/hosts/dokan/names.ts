import { DokanError } from '../../errors.js';
import { NtStatus } from '../../status.js';

/** UTF-16 units of a name; NT has room for no more. */
export const LONGEST_NAME = 255;

/**
 * Checks a path before the file system's code sees it. What the library hands on is what a program
 * gave to NtCreateFile, which need not have gone through Win32: `..` is no more than a name there.
 * Lone surrogates are part of NT's names, and pass.
 *
 * @throws DokanError OBJECT_NAME_INVALID
 */
export function checkPath(path: string, altStreams: boolean): string {
  if (path.charCodeAt(0) !== SLASH) throw invalid();
  if (path.length === 1) return path;
  let start = 1;
  for (let index = 1; index <= path.length; index += 1) {
    const unit = index === path.length ? SLASH : path.charCodeAt(index);
    if (unit === 0 || unit === BACKSLASH) throw invalid();
    if (unit === COLON) {
      if (!altStreams) throw invalid();
      checkStreams(path, start, index);
      return path;
    }
    if (unit !== SLASH) continue;
    checkName(path, start, index);
    start = index + 1;
  }
  return path;
}

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const DOT = 0x2e;

function checkName(path: string, start: number, end: number): void {
  const length = end - start;
  if (length === 0 || length > LONGEST_NAME) throw invalid();
  if (path.charCodeAt(start) !== DOT || length > 2) return;
  if (length === 1 || path.charCodeAt(start + 1) === DOT) throw invalid();
}

/** A colon ends the name of the file; `stream` or `stream:type` follows, in the last component only. */
function checkStreams(path: string, start: number, colon: number): void {
  // The root may have streams as well, `/:stream`.
  if (colon > start || start > 1) checkName(path, start, colon);
  for (const part of path.slice(colon + 1).split(':')) {
    if (part.length > LONGEST_NAME || /[/\\\0]/.test(part)) throw invalid();
  }
}

function invalid(): DokanError {
  return new DokanError(NtStatus.OBJECT_NAME_INVALID);
}

/** False for a name in a listing that no program here could open, or could take for a path. */
export function isNameable(name: string): boolean {
  return name.length <= LONGEST_NAME && !name.includes('\\') && !name.includes(':');
}
