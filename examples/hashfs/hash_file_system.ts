import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  type Stats,
} from 'node:fs';
import { basename, join } from 'node:path';
import {
  DokanError,
  FileAttributes,
  NtStatus,
  type CreateFileRequest,
  type CreateResult,
  type DokanOperations,
  type FileContext,
  type FileInformation,
  type FindEntry,
  type ThreadContext,
} from 'node-dokan';

/** What the module is given as `data`. */
export interface HashOptions {
  /** The directory whose files are hashed. */
  readonly root: string;
}

const SUFFIX = '.sha256';
const DIGEST_LENGTH = 64;
const CHUNK = 1024 * 1024;
/** Windows has no such thing. */
const NO_FOLLOW = process.platform === 'win32' ? 0 : constants.O_NOFOLLOW;

/**
 * A directory with a digest in place of each file, as sha256sum(1) writes and checks it:
 * `/music/song.sha256` has the line `DIGEST  song`. It is computed when it is read. Nothing is kept
 * between callbacks, so that any thread can answer any of them.
 */
export class HashFileSystem implements DokanOperations {
  readonly #root: string;
  readonly #chunk = Buffer.allocUnsafe(CHUNK);

  constructor(root: string) {
    this.#root = root;
  }

  createFile(path: string, _request: CreateFileRequest, file: FileContext): CreateResult {
    file.isDirectory = this.#describe(path).attributes === FileAttributes.DIRECTORY;
    return 'opened';
  }

  getFileInformation(path: string): FileInformation {
    return this.#describe(path);
  }

  queryOpen(path: string): FileInformation {
    return this.#describe(path);
  }

  readFile(path: string, buffer: Buffer, offset: number): number {
    const line = Buffer.from(this.#line(path));
    return offset < line.length ? line.copy(buffer, 0, offset) : 0;
  }

  *findFiles(path: string): Generator<FindEntry> {
    for (const name of readdirSync(join(this.#root, path))) {
      const stats = lstatSync(join(this.#root, path, name), { throwIfNoEntry: false });
      if (stats?.isDirectory() === true) yield { name, ...describeDirectory(stats) };
      if (stats?.isFile() === true) {
        yield { name: name + SUFFIX, ...describeDigest(name, stats) };
      }
    }
  }

  #describe(path: string): FileInformation {
    const stats = lstatSync(join(this.#root, path), { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) return describeDirectory(stats);
    const source = this.#sourceOf(path);
    const hashed = source === undefined ? undefined : lstatSync(source, { throwIfNoEntry: false });
    if (source === undefined || hashed?.isFile() !== true) {
      throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
    }
    return describeDigest(basename(source), hashed);
  }

  /** The file a digest is of. */
  #sourceOf(path: string): string | undefined {
    return path.endsWith(SUFFIX) ? join(this.#root, path.slice(0, -SUFFIX.length)) : undefined;
  }

  #line(path: string): string {
    const source = this.#sourceOf(path);
    if (source === undefined) throw new DokanError(NtStatus.FILE_IS_A_DIRECTORY);
    // A symbolic link may have taken its place, and lead anywhere.
    const fd = openSync(source, constants.O_RDONLY | NO_FOLLOW);
    try {
      const hash = createHash('sha256');
      for (let count = 1; count > 0;) {
        count = readSync(fd, this.#chunk, 0, CHUNK, null);
        hash.update(this.#chunk.subarray(0, count));
      }
      return lineOf(hash.digest('hex'), basename(source));
    } finally {
      closeSync(fd);
    }
  }
}

function lineOf(digest: string, name: string): string {
  return `${digest}  ${name}\n`;
}

function describeDirectory({ ino, mtimeMs, mode }: Stats): FileInformation {
  const attributes = FileAttributes.DIRECTORY;
  return { attributes, inode: ino, lastWriteTime: mtimeMs, mode: (mode & ~0o222) | 0o500 };
}

/** Of a length that is known before the digest is. */
function describeDigest(name: string, { ino, mtimeMs }: Stats): FileInformation {
  const size = DIGEST_LENGTH + Buffer.byteLength(lineOf('', name));
  return { size, inode: ino, lastWriteTime: mtimeMs, mode: 0o100444 };
}

/** Called once in each thread that serves the volume. */
export default ({ data }: ThreadContext<HashOptions>): DokanOperations =>
  new HashFileSystem(data.root);
