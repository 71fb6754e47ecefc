import { FileAccess, ShareAccess } from '../../constants.js';

const READS = FileAccess.READ_DATA | FileAccess.EXECUTE;
const WRITES = FileAccess.WRITE_DATA | FileAccess.APPEND_DATA;

/** What of an access mask sharing is about: bits of `ShareAccess`; 0 for an open it does not touch. */
function sharedKinds(access: number): number {
  return (
    ((access & READS) !== 0 ? ShareAccess.READ : 0) |
    ((access & WRITES) !== 0 ? ShareAccess.WRITE : 0) |
    ((access & FileAccess.DELETE) !== 0 ? ShareAccess.DELETE : 0)
  );
}

/**
 * Who has a file open for what, and what they leave to others: SHARE_ACCESS and the rules of
 * IoCheckShareAccess. An open that neither reads, writes nor deletes (attributes only) takes no
 * part: it refuses nobody and is refused by nobody.
 */
export class ShareCounts {
  readonly #opens = new Set<{ readonly kinds: number; readonly shared: number }>();

  /**
   * @param access - wanted: bits of `FileAccess`
   * @param share - what others may do: bits of `ShareAccess`
   * @returns false for a sharing violation
   */
  allows(access: number, share: number): boolean {
    const kinds = sharedKinds(access);
    if (kinds === 0) return true;
    for (const open of this.#opens) {
      if ((kinds & ~open.shared) !== 0 || (open.kinds & ~share) !== 0) return false;
    }
    return true;
  }

  /** Books an open. @returns what takes it out again; more than once does nothing */
  add(access: number, share: number): () => void {
    const kinds = sharedKinds(access);
    if (kinds === 0) return () => undefined;
    const open = { kinds, shared: share };
    this.#opens.add(open);
    return () => void this.#opens.delete(open);
  }
}
