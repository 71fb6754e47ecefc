import { DokanError, NtStatus } from 'node-dokan';
import { checkName } from './names.js';

/** `/file:stream` taken apart. */
export interface StreamPath {
  readonly file: string;
  /** `''` is the file's own data. */
  readonly stream: string;
}

/** Where the name of a stream begins: the colon in the last component; -1 when it has none. */
export function streamColon(path: string): number {
  const colon = path.indexOf(':');
  return colon === -1 ? -1 : path.indexOf(':', path.lastIndexOf('/'));
}

/**
 * @param colon - what `streamColon` found
 * @throws DokanError OBJECT_NAME_INVALID for a type other than $DATA and for a name without stream
 */
export function splitStream(path: string, colon: number): StreamPath {
  const [stream = '', type, ...rest] = path.slice(colon + 1).split(':');
  if (rest.length > 0 || (type === undefined ? stream === '' : type.toUpperCase() !== '$DATA')) {
    throw new DokanError(NtStatus.OBJECT_NAME_INVALID);
  }
  if (stream !== '') checkName(stream);
  return { file: path.slice(0, colon), stream };
}
