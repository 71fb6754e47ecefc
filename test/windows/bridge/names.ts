import { DokanError } from '../../../lib/errors.js';
import { NtStatus } from '../../../lib/status.js';

/** The longest name Linux takes, in bytes of UTF-8. */
const NAME_MAX = 255;
/** The most bytes of UTF-8 that one UTF-16 unit can need. */
const BYTES_PER_UNIT = 3;
// Stands for one byte that is no UTF-8; a pair of surrogates is a character.
const LONE_SURROGATE = /\p{Surrogate}/gu;

/**
 * `\dir\file:stream` of a path `/dir/file:stream`.
 * @throws DokanError OBJECT_NAME_INVALID for a name that Windows would take for two, NAME_TOO_LONG
 *   for one that Linux could not list
 */
export function windowsName(path: string): string {
  if (path.includes('\\')) throw new DokanError(NtStatus.OBJECT_NAME_INVALID);
  // Paths are short as a rule, and then so are the names in them.
  if (path.length * BYTES_PER_UNIT > NAME_MAX) checkLengths(path);
  return path.replaceAll('/', '\\');
}

function checkLengths(path: string): void {
  for (const name of path.split('/')) {
    const [file = ''] = name.split(':');
    const bytes = Buffer.byteLength(file.replaceAll('\uf03a', ':').replaceAll(LONE_SURROGATE, 'x'));
    if (bytes > NAME_MAX) throw new DokanError(NtStatus.NAME_TOO_LONG);
  }
}
