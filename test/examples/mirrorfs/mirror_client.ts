import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateDisposition,
  CreateOptions,
  DokanError,
  FileAccess,
  NtStatus,
  ShareAccess,
  type CreateFileRequest,
  type CreateResult,
  type FileContext,
  type FileInformation,
  type Requestor,
} from 'node-dokan';
import { expect, onTestFinished } from 'vitest';
import { MirrorFileSystem } from '../../../examples/mirrorfs/mirror_file_system.js';
import type { MirrorOpen } from '../../../examples/mirrorfs/mirror_open.js';
import type { MirrorOptions } from '../../../examples/mirrorfs/mirror_options.js';

/** As little of a FileContext as the mirror looks at. */
export class FakeFile implements FileContext<MirrorOpen> {
  context!: MirrorOpen;
  isDirectory = false;
  deletePending = false;
  processId = 1;
  pagingIo = false;
  synchronousIo = true;
  noCache = false;
  writeToEndOfFile = false;
  dataOnly = false;
  backingFd: number | undefined = undefined;
  readonly signal = new AbortController().signal;
  result: CreateResult | undefined = undefined;
  user: Requestor = { processId: 1, userId: 0, groupId: 0 };

  requestor(): Requestor {
    return this.user;
  }

  resetTimeout(): void {
    // Nothing here takes time.
  }
}

export const READ = FileAccess.FILE_GENERIC_READ;
export const WRITE = FileAccess.FILE_GENERIC_WRITE;
export const READ_WRITE = READ | WRITE;
const { OPEN, CREATE } = CreateDisposition;
const { DIRECTORY_FILE, NON_DIRECTORY_FILE, OPEN_REPARSE_POINT } = CreateOptions;

/** For `toThrow`: an error with that code. */
export const status = (code: string): unknown => expect.objectContaining({ code });

/** For `toThrow`: the file is not there, in whatever words. */
export const missing: unknown = expect.toSatisfy((error: { code?: unknown }) =>
  ['ENOENT', 'OBJECT_NAME_NOT_FOUND'].includes(String(error.code)),
);

/** A mirror of a new temporary directory, with the sequences of callbacks that a host makes. */
export class MirrorClient {
  readonly root: string;
  readonly mirror: MirrorFileSystem;
  /** Who asks from now on. */
  user: Requestor = { processId: 1, userId: 0, groupId: 0 };

  constructor(options: MirrorOptions = {}, prepare?: (root: string) => void) {
    const place = mkdtempSync(join(realpathSync(tmpdir()), 'mirrorfs-test-'));
    this.root = place;
    prepare?.(place);
    this.mirror = new MirrorFileSystem(place, options);
    onTestFinished(() => {
      this.mirror.dispose();
      rmSync(place, { recursive: true, force: true });
    });
  }

  /** A path of the backing directory. */
  at(path: string): string {
    return join(this.root, path);
  }

  file(): FakeFile {
    return Object.assign(new FakeFile(), { user: this.user });
  }

  open(path: string, request: Partial<CreateFileRequest> = {}): FakeFile {
    const file = this.file();
    file.result = this.mirror.createFile(
      path,
      {
        desiredAccess: READ,
        fileAttributes: 0,
        shareAccess: ShareAccess.ALL,
        createDisposition: OPEN,
        createOptions: NON_DIRECTORY_FILE,
        mode: 0o644,
        ...request,
      },
      file,
    );
    return file;
  }

  create(path: string, request: Partial<CreateFileRequest> = {}): FakeFile {
    return this.open(path, { desiredAccess: READ_WRITE, createDisposition: CREATE, ...request });
  }

  close(path: string, file: FakeFile): void {
    this.mirror.cleanup(path, file);
    this.mirror.closeFile(path, file);
  }

  write(path: string, file: FakeFile, text: string, offset = 0): number {
    return this.mirror.writeFile(path, Buffer.from(text), offset, file);
  }

  read(path: string, file: FakeFile, offset = 0, length = 1000): string {
    const buffer = Buffer.alloc(length);
    return buffer.toString('utf8', 0, this.mirror.readFile(path, buffer, offset, file));
  }

  makeDirectory(path: string, mode = 0o755): void {
    const createOptions = DIRECTORY_FILE;
    this.close(path, this.open(path, { createDisposition: CREATE, createOptions, mode }));
  }

  stat(path: string): FileInformation {
    const information = this.mirror.queryOpen(path);
    if (information === undefined) throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
    return information;
  }

  names(path: string): string[] {
    const file = this.open(path, { createOptions: DIRECTORY_FILE });
    const names = [...this.mirror.findFiles(path, file)].map(({ name }) => name).sort();
    this.close(path, file);
    return names;
  }

  /** unlink(2) or rmdir(2), as the Linux host asks for it. */
  remove(path: string, isDirectory = false): void {
    const kind = isDirectory ? DIRECTORY_FILE : NON_DIRECTORY_FILE;
    const file = this.open(path, {
      desiredAccess: FileAccess.DELETE,
      createOptions: kind | OPEN_REPARSE_POINT,
    });
    file.deletePending = true;
    try {
      if (file.isDirectory) this.mirror.deleteDirectory(path, file);
      else this.mirror.deleteFile(path, file);
    } catch (error) {
      file.deletePending = false;
      throw error;
    } finally {
      this.close(path, file);
    }
  }

  rename(path: string, newPath: string, replace = true): void {
    const file = this.openAttributes(path);
    try {
      this.mirror.moveFile(path, newPath, replace, file);
    } finally {
      this.close(path, file);
    }
  }

  openAttributes(path: string): FakeFile {
    const desiredAccess = FileAccess.READ_ATTRIBUTES;
    return this.open(path, { desiredAccess, createOptions: OPEN_REPARSE_POINT });
  }
}
