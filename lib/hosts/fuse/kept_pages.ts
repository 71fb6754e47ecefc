import type { FileHandle } from './handles.js';
import type { Session } from './session.js';
import { STAMP_LENGTH } from './transport.js';

/**
 * Which opens let the kernel keep the pages it has cached of a file. With `keepCache: 'unchanged'` those
 * do of which it is proved that the pages are what the file has now:
 * - An open that drops the pages takes a stamp of the data file, if one can be had that every later
 *   change makes a wrong one. Pages are read after it.
 * - An open that finds the stamp still right keeps the pages. They have not changed, nor has what they
 *   were read from: a stamp is taken only by who is alone, so that all have read the same file.
 * - The kernel drops pages after it has got the answer, when the program that opens is next to run.
 *   That this was done is only known once the open is closed: until then others drop them, too.
 */

/** Where native code and this module hand stamps to each other. */
const stamp = new Float64Array(STAMP_LENGTH);
const stampBytes = new Uint8Array(stamp.buffer);

/** The data file of a node as of an open that had its pages dropped: a stamp, or NaN for none. */
export class SeenFile {
  /** Handles that are open and have had the pages dropped. */
  dropping = 0;
  readonly #stamp = new Array<number>(STAMP_LENGTH).fill(NaN);

  /** Puts the stamp where native code finds it. */
  show(): void {
    for (let index = 0; index < STAMP_LENGTH; index += 1) stamp[index] = this.#stamp[index] ?? NaN;
  }

  /** Takes the stamp that native code has put there. */
  take(): void {
    for (let index = 0; index < STAMP_LENGTH; index += 1) this.#stamp[index] = stamp[index] ?? NaN;
  }

  forget(): void {
    this.#stamp.fill(NaN);
  }
}

/**
 * Whether the kernel keeps the pages of a file that is being opened.
 * @param fd - of the data file, if reads come from there
 */
export function keepsPages(session: Session, handle: FileHandle, fd: number | undefined): boolean {
  const { keepCache } = session.options;
  if (keepCache !== 'unchanged') return keepCache;
  const { node } = handle;
  if (fd === undefined) {
    // The volume's callbacks read it, and have no stamp.
    if (node.seen !== undefined) drop(handle, node.seen).forget();
    return false;
  }
  const seen = (node.seen ??= new SeenFile());
  seen.show();
  const isUnchanged = session.backing.isUnchangedBacking(fd, stampBytes);
  if (isUnchanged && seen.dropping === 0) return true;
  if (!isUnchanged) {
    // Others may still read another file, and bring in pages of that.
    if (node.opens !== undefined && node.opens.length > 1) seen.forget();
    else seen.take();
  }
  drop(handle, seen);
  return false;
}

/** The pages that come in by an open may be those of another file than its node's. */
export function distrustPages(handle: FileHandle): void {
  drop(handle, (handle.node.seen ??= new SeenFile())).forget();
}

/** The kernel never got the answer, and drops nothing. */
export function stillHasPages({ drops }: FileHandle): void {
  drops?.forget();
}

/** A handle is let go: what it had dropped is gone for certain. */
export function endDropping(handle: FileHandle): void {
  if (handle.drops === undefined) return;
  handle.drops.dropping -= 1;
  handle.drops = undefined;
}

function drop(handle: FileHandle, seen: SeenFile): SeenFile {
  seen.dropping += 1;
  handle.drops = seen;
  return seen;
}
