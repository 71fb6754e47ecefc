import { DokanError, NtStatus } from 'node-dokan';
import * as posix from 'node-dokan/posix';
import type { ExtendedAttributes } from './backing_store.js';
import { check, failedWith, failure } from './failure.js';

/** What any user may attach to a file; the other namespaces are the system's. */
const USER_NAMESPACE = 'user.';

const NO_SUCH_STREAM = new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);

/** The extended attributes `user.*` of the files below a directory. */
export class LinuxExtendedAttributes implements ExtendedAttributes {
  readonly #root: number;

  /** @param root - descriptor of the directory */
  constructor(root: number) {
    this.#root = root;
  }

  get(path: string, name: string): Uint8Array {
    const value = posix.getXattr(this.#root, path, USER_NAMESPACE + name);
    if (typeof value === 'number') throw streamFailure(value);
    return value;
  }

  set(path: string, name: string, value: Uint8Array): void {
    check(posix.setXattr(this.#root, path, USER_NAMESPACE + name, value, 0));
  }

  list(path: string): readonly string[] {
    const names = posix.listXattr(this.#root, path);
    if (typeof names === 'number') {
      // A file system without attributes has files without streams.
      if (failedWith(failure(names), 'EOPNOTSUPP', 'ENOTSUP')) return [];
      throw failure(names);
    }
    return names
      .filter((name) => name.startsWith(USER_NAMESPACE))
      .map((name) => name.slice(USER_NAMESPACE.length));
  }

  remove(path: string, name: string): void {
    const result = posix.removeXattr(this.#root, path, USER_NAMESPACE + name);
    if (result < 0) throw streamFailure(result);
  }
}

/** ENODATA, "no such attribute", is about a stream "no such name". */
function streamFailure(result: number): Error {
  const error = failure(result);
  return failedWith(error, 'ENODATA') ? NO_SUCH_STREAM : error;
}
