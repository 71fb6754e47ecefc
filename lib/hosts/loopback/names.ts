import { DokanError } from '../../errors.js';
import { NtStatus } from '../../status.js';
import { upcaseUnit } from '../../wildcards.js';

/**
 * A name as the driver has it: a doubled backslash in front is folded, one at the end is dropped.
 * @throws DokanError OBJECT_NAME_INVALID for an empty one: it means the volume itself, not a file
 */
export function normalName(given: string): string {
  let name = given.startsWith('\\\\') ? given.slice(1) : given;
  if (name.length > 1 && name.endsWith('\\')) name = name.slice(0, -1);
  if (!name.startsWith('\\')) throw new DokanError(NtStatus.OBJECT_NAME_INVALID);
  return name;
}

/** The directory that holds a name; the root holds itself. */
export function parentName(name: string): string {
  const end = name.lastIndexOf('\\', name.length - 2);
  return end <= 0 ? '\\' : name.slice(0, end);
}

/** What two names are compared by. @param caseSensitive - false: unit by unit in capitals, as NT does */
export function nameKey(name: string, caseSensitive: boolean): string {
  if (caseSensitive) return name;
  let key = '';
  for (let index = 0; index < name.length; index += 1) {
    key += String.fromCharCode(upcaseUnit(name.charCodeAt(index)));
  }
  return key;
}

/** `\dir\file` of a path `/dir/file`. */
export function nameFromPath(path: string): string {
  return path.replaceAll('/', '\\');
}

/** `/dir/file` of a name `\dir\file`. */
export function pathFromName(name: string): string {
  return name.replaceAll('\\', '/');
}
