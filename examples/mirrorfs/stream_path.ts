import { DokanError, NtStatus } from 'node-dokan';

/** A path that names a stream of a file. */
export interface StreamPath {
  readonly file: string;
  /** `''` is the file's own data. */
  readonly stream: string;
}

/** The one type of stream there is for applications. */
const DATA = '$DATA';

/**
 * Splits `/file:stream` and `/file:stream:$DATA`.
 * @returns undefined for a path without stream
 * @throws DokanError OBJECT_NAME_INVALID for anything else with a colon in its last name
 */
export function splitStream(path: string): StreamPath | undefined {
  // Asked of every path there is: most have no colon at all.
  if (!path.includes(':')) return undefined;
  const colon = path.indexOf(':', path.lastIndexOf('/'));
  if (colon < 0) return undefined;
  const [stream = '', type, ...more] = path.slice(colon + 1).split(':');
  const isData = type === undefined ? stream !== '' : type.toUpperCase() === DATA;
  if (!isData || more.length > 0) throw new DokanError(NtStatus.OBJECT_NAME_INVALID);
  return { file: path.slice(0, colon), stream };
}
