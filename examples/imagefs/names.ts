import { DokanError, NtStatus } from 'node-dokan';

/** UTF-16 units. */
export const LONGEST_NAME = 255;

// eslint-disable-next-line no-control-regex -- FAT forbids control characters
const FORBIDDEN = /[\0-\x1f"*/:<>?\\|]/;
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
/** Windows cuts these off, so that the file could not be found there. */
const CUT_OFF = /[. ]$/;

/**
 * Refuses the name of a new file where FAT, or Windows on it, cannot hold it. Half a surrogate pair
 * is what a byte comes as that is not UTF-8: nobody else could read the name.
 * @throws DokanError OBJECT_NAME_INVALID, NAME_TOO_LONG
 */
export function checkName(name: string): void {
  if (name.length > LONGEST_NAME) throw new DokanError(NtStatus.NAME_TOO_LONG);
  if (name === '' || FORBIDDEN.test(name) || CUT_OFF.test(name) || LONE_SURROGATE.test(name)) {
    throw new DokanError(NtStatus.OBJECT_NAME_INVALID);
  }
}
