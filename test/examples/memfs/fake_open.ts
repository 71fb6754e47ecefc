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
  type FindEntry,
  type Requestor,
} from 'node-dokan';
import type { MemoryFileSystem } from '../../../examples/memfs/memfs.js';
import type { MemoryOpen } from '../../../examples/memfs/open.js';

/** A FileContext as a host makes it, with fields a test may set. */
export class FakeOpen implements FileContext<MemoryOpen> {
  // Set by createFile, which every test goes through.
  context = undefined as unknown as MemoryOpen;
  isDirectory = false;
  deletePending = false;
  processId = 1;
  pagingIo = false;
  synchronousIo = false;
  noCache = false;
  writeToEndOfFile = false;
  dataOnly = false;
  backingFd: number | undefined = undefined;
  signal = new AbortController().signal;
  asker: Requestor = { processId: 1, userId: 1000, groupId: 100 };

  requestor(): Requestor {
    return this.asker;
  }

  resetTimeout(): void {}
}

const READ_WRITE = FileAccess.FILE_GENERIC_READ | FileAccess.FILE_GENERIC_WRITE;

/** Calls a file system the way a host does. */
export class Client {
  readonly fs: MemoryFileSystem;

  constructor(fs: MemoryFileSystem) {
    this.fs = fs;
  }

  request(fields: Partial<CreateFileRequest> = {}): CreateFileRequest {
    return {
      desiredAccess: READ_WRITE,
      fileAttributes: 0,
      shareAccess: ShareAccess.ALL,
      createDisposition: CreateDisposition.OPEN,
      createOptions: 0,
      ...fields,
    };
  }

  /** What createFile answers, the open closed again. */
  result(path: string, fields: Partial<CreateFileRequest>): CreateResult {
    const file = new FakeOpen();
    const result = this.fs.createFile(path, this.request(fields), file);
    this.close(path, file);
    return result;
  }

  open(path: string, fields: Partial<CreateFileRequest> = {}): FakeOpen {
    const file = new FakeOpen();
    this.fs.createFile(path, this.request(fields), file);
    return file;
  }

  create(path: string, fields: Partial<CreateFileRequest> = {}): FakeOpen {
    return this.open(path, { createDisposition: CreateDisposition.CREATE, ...fields });
  }

  close(path: string, file: FakeOpen): void {
    this.fs.cleanup(path, file);
    this.fs.closeFile(path, file);
  }

  mkdir(path: string, fields: Partial<CreateFileRequest> = {}): void {
    const createOptions = CreateOptions.DIRECTORY_FILE;
    this.close(path, this.create(path, { createOptions, ...fields }));
  }

  write(path: string, text: string | Buffer): void {
    const file = this.open(path, { createDisposition: CreateDisposition.OVERWRITE_IF });
    this.fs.writeFile(path, Buffer.from(text), 0, file);
    this.close(path, file);
  }

  readOpen(file: FakeOpen, length = 65_536, offset = 0): Buffer {
    const buffer = Buffer.alloc(length, 0xee);
    const read = this.fs.readFile('', buffer, offset, file);
    return typeof read === 'number' ? buffer.subarray(0, read) : Buffer.from(read);
  }

  read(path: string): string {
    const file = this.open(path);
    const text = this.readOpen(file).toString('latin1');
    this.close(path, file);
    return text;
  }

  unlink(path: string): void {
    const file = this.open(path, {
      desiredAccess: FileAccess.DELETE,
      createOptions: CreateOptions.OPEN_REPARSE_POINT | CreateOptions.NON_DIRECTORY_FILE,
    });
    file.deletePending = true;
    try {
      this.fs.deleteFile(path, file);
    } catch (error) {
      file.deletePending = false;
      throw error;
    } finally {
      this.close(path, file);
    }
  }

  rmdir(path: string): void {
    const file = this.open(path, {
      desiredAccess: FileAccess.DELETE,
      createOptions: CreateOptions.OPEN_REPARSE_POINT | CreateOptions.DIRECTORY_FILE,
    });
    file.deletePending = true;
    try {
      this.fs.deleteDirectory(path, file);
    } catch (error) {
      file.deletePending = false;
      throw error;
    } finally {
      this.close(path, file);
    }
  }

  rename(path: string, newPath: string, replace = true): void {
    const file = this.open(path, { desiredAccess: FileAccess.DELETE });
    try {
      this.fs.moveFile(path, newPath, replace, file);
    } finally {
      this.close(newPath, file);
    }
  }

  stat(path: string): FileInformation {
    const information = this.fs.queryOpen(path);
    if (information === undefined) throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
    return information;
  }

  list(path: string): FindEntry[] {
    const file = this.open(path, { createOptions: CreateOptions.DIRECTORY_FILE });
    const entries = [...this.fs.findFiles(path, file)];
    this.close(path, file);
    return entries;
  }

  names(path: string): string[] {
    return this.list(path).map((entry) => entry.name);
  }

  get used(): number {
    const { totalBytes, totalFreeBytes } = this.fs.getDiskFreeSpace();
    return totalBytes - totalFreeBytes;
  }
}

/** The name of the status that `action` fails with; `undefined` when it does not. */
export function failure(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return undefined;
}
