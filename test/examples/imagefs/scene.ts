import {
  CreateDisposition,
  CreateOptions,
  FileAccess,
  ShareAccess,
  type CreateFileRequest,
  type FileContext,
} from 'node-dokan';
import { ImageFileSystem } from '../../../examples/imagefs/image_file_system.js';
import type { ImageOpen } from '../../../examples/imagefs/image_open.js';
import { Medium, type MediumEvent } from '../../../examples/imagefs/medium.js';

type File = FileContext<ImageOpen>;

/** An open as the dispatcher would make it. */
function fakeFile(): File {
  const file = {
    context: undefined,
    isDirectory: false,
    deletePending: false,
    pagingIo: false,
    writeToEndOfFile: false,
    dataOnly: false,
  };
  return file as unknown as File;
}

/** The code of what a call fails with; undefined when it does not fail. */
export function failure(call: () => unknown): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** The file system on an image, asked without any host. */
export class Scene {
  readonly events: MediumEvent[] = [];
  readonly medium: Medium;
  readonly operations: ImageFileSystem;

  constructor(image: string, partition?: number) {
    this.medium = new Medium(image, partition, (event) => this.events.push(event));
    this.operations = new ImageFileSystem(this.medium);
  }

  open(path: string, request: Partial<CreateFileRequest> = {}): File {
    const file = fakeFile();
    const asked: CreateFileRequest = {
      desiredAccess: FileAccess.GENERIC_READ | FileAccess.GENERIC_WRITE,
      fileAttributes: 0,
      shareAccess: ShareAccess.READ,
      createDisposition: CreateDisposition.OPEN_IF,
      createOptions: 0,
      ...request,
    };
    this.operations.createFile(path, asked, file);
    return file;
  }

  makeDirectory(path: string): void {
    const file = this.open(path, {
      createDisposition: CreateDisposition.CREATE,
      createOptions: CreateOptions.DIRECTORY_FILE,
    });
    this.close(path, file);
  }

  close(path: string, file: File): void {
    this.operations.cleanup(path, file);
    this.operations.closeFile(path, file);
  }

  remove(path: string): void {
    const file = this.open(path, { createDisposition: CreateDisposition.OPEN });
    Object.assign(file, { deletePending: true });
    this.close(path, file);
  }

  write(path: string, text: string): void {
    const file = this.open(path, { createDisposition: CreateDisposition.OVERWRITE_IF });
    this.operations.writeFile(path, Buffer.from(text), 0, file);
    this.close(path, file);
  }

  readOpen(file: File): string {
    const buffer = Buffer.alloc(64);
    return buffer.toString('utf8', 0, this.operations.readFile('', buffer, 0, file));
  }

  read(path: string): string {
    const file = this.open(path, { createDisposition: CreateDisposition.OPEN });
    const text = this.readOpen(file);
    this.close(path, file);
    return text;
  }

  names(path = '/'): string[] {
    const entries = this.operations.findFiles(path, fakeFile());
    return [...entries].map(({ name }) => name).sort();
  }
}
