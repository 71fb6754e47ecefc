import {
  CreateDisposition,
  CreateOptions,
  DokanError,
  FileAttributes,
  FileSystemFlags,
  NtStatus,
  type CreateFileRequest,
  type CreateResult,
  type DiskFreeSpace,
  type DokanOperations,
  type FileContext,
  type FileInformation,
  type FileTimes,
  type FindEntry,
  type VolumeInformation,
} from 'node-dokan';
import { resultOf } from '../common/disposition.js';
import type { Entry } from './entry.js';
import type { FatVolume } from './fat_volume.js';
import { asksToWrite, ImageOpen } from './image_open.js';
import type { Medium, MediumState } from './medium.js';
import { LONGEST_NAME } from './names.js';

const IS_WINDOWS = process.platform === 'win32';
const SECTOR = 512;

type File = FileContext<ImageOpen>;

/**
 * A FAT volume in an image file. What a request changes is in the file when it is answered;
 * nothing is kept back, so that a process that is killed leaves a sound volume.
 */
export class ImageFileSystem implements DokanOperations<ImageOpen> {
  readonly #medium: Medium;

  constructor(medium: Medium) {
    this.#medium = medium;
  }

  checkMedia(): MediumState {
    return this.#medium.check();
  }

  createFile(path: string, request: CreateFileRequest, file: File): CreateResult {
    const mayChange = request.createDisposition !== CreateDisposition.OPEN;
    return this.#run(this.#medium.volume(mayChange), false, (volume) => {
      const found = volume.find(path);
      const result = resultOf(request.createDisposition, found !== undefined);
      if (found !== undefined) checkOpen(found, request);
      const entry = result === 'opened' ? found : this.#make(path, request, found, volume);
      if (entry === undefined) throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
      const open = new ImageOpen(entry, request.desiredAccess);
      this.#medium.opens.add(open, volume);
      file.context = open;
      file.isDirectory = entry.isDirectory;
      return result;
    });
  }

  cleanup(_path: string, file: File): void {
    if (!file.deletePending) return;
    this.#change((volume) => {
      const { entry } = file.context;
      // Somebody may have put a file into it since deleteDirectory was asked.
      if (entry.isDirectory && volume.contents(entry).count > 0) return;
      volume.remove(entry);
    });
  }

  closeFile(_path: string, file: File): void {
    try {
      this.#medium.close(file.context);
    } catch (error) {
      throw this.#medium.explain(error, true);
    }
  }

  readFile(_path: string, buffer: Buffer, offset: number, file: File): number {
    return this.#read((volume) => volume.data.read(contentOf(file), buffer, offset));
  }

  writeFile(_path: string, data: Buffer, offset: number, file: File): number {
    return this.#change((volume) => {
      const entry = contentOf(file);
      const { pagingIo } = file;
      // A page of a mapped file may be written through any open of it, so that one may not tell.
      if (!pagingIo) checkMayWrite(file);
      const { size } = entry.record;
      const start = file.writeToEndOfFile ? size : offset;
      // Windows' memory manager writes whole pages; Linux cuts the last one itself.
      const isCut = IS_WINDOWS && pagingIo && start + data.length > size;
      const written = isCut ? data.subarray(0, Math.max(0, size - start)) : data;
      if (written.length > 0) volume.data.write(entry, written, start);
      return written.length;
    });
  }

  async flushFileBuffers(): Promise<void> {
    const volume = this.#medium.volume();
    try {
      await volume.sync();
    } catch (error) {
      throw this.#medium.explain(error, false);
    }
  }

  getFileInformation(path: string, file: File): FileInformation {
    return this.#read((volume) => describe(entryOf(path, file, volume), volume));
  }

  queryOpen(path: string): FileInformation {
    return this.#read((volume) => describe(volume.get(path), volume));
  }

  findFiles(path: string, file: File): Iterable<FindEntry> {
    return this.#read((volume) => {
      const entry = entryOf(path, file, volume);
      if (!entry.isDirectory) throw new DokanError(NtStatus.NOT_A_DIRECTORY);
      return entry.isRemoved ? [] : list(volume.contents(entry).list(), volume);
    });
  }

  setFileAttributes(path: string, attributes: number, file: File): void {
    if (attributes === 0) return;
    this.#change((volume) => {
      const entry = entryOf(path, file, volume);
      entry.record.attributes = attributes;
      volume.update(entry);
    });
  }

  setFileTime(path: string, times: FileTimes, file: File): void {
    this.#change((volume) => {
      const entry = entryOf(path, file, volume);
      entry.record.setTimes(times);
      volume.update(entry);
    });
  }

  deleteFile(path: string, file: File): void {
    if (!file.deletePending) return;
    this.#read((volume) => {
      const entry = entryOf(path, file, volume);
      if (entry.isDirectory) throw new DokanError(NtStatus.FILE_IS_A_DIRECTORY);
      checkMayDelete(entry);
    });
  }

  deleteDirectory(path: string, file: File): void {
    if (!file.deletePending) return;
    this.#read((volume) => {
      const entry = entryOf(path, file, volume);
      if (!entry.isDirectory) throw new DokanError(NtStatus.NOT_A_DIRECTORY);
      if (volume.contents(entry).count > 0) throw new DokanError(NtStatus.DIRECTORY_NOT_EMPTY);
      checkMayDelete(entry);
    });
  }

  moveFile(path: string, newPath: string, replaceIfExisting: boolean, file: File): void {
    this.#change((volume) => {
      volume.move(entryOf(path, file, volume), newPath, replaceIfExisting);
    });
  }

  setEndOfFile(_path: string, length: number, file: File): void {
    this.#change((volume) => {
      const entry = contentOf(file);
      checkMayWrite(file);
      volume.data.resize(entry, length);
    });
  }

  /** FAT keeps no clusters behind the end of a file: more than to see that there are some is not done. */
  setAllocationSize(_path: string, length: number, file: File): void {
    this.#change((volume) => {
      const entry = contentOf(file);
      checkMayWrite(file);
      if (length < entry.record.size) volume.data.resize(entry, length);
      else volume.data.checkRoom(entry, length);
    });
  }

  getDiskFreeSpace(): DiskFreeSpace {
    const { totalBytes, freeBytes } = this.#medium.volume();
    return { totalBytes, totalFreeBytes: freeBytes, freeBytesAvailable: freeBytes };
  }

  getVolumeInformation(): VolumeInformation {
    const { label, geometry } = this.#medium.volume();
    const readOnly = this.#medium.isReadOnly ? FileSystemFlags.READ_ONLY_VOLUME : 0;
    return {
      volumeName: label,
      serialNumber: geometry.serialNumber,
      maximumComponentLength: LONGEST_NAME,
      fileSystemFlags:
        FileSystemFlags.CASE_PRESERVED_NAMES | FileSystemFlags.UNICODE_ON_DISK | readOnly,
      fileSystemName: geometry.kind === 'FAT32' ? 'FAT32' : 'FAT',
    };
  }

  unmounted(): Promise<void> {
    return this.#medium.end();
  }

  /** Makes the file that is to be opened, or makes the one that is there empty. */
  #make(
    path: string,
    request: CreateFileRequest,
    found: Entry | undefined,
    volume: FatVolume,
  ): Entry {
    this.#checkWritable();
    return this.#run(volume, true, () => {
      if (found !== undefined) return overwrite(found, request, volume);
      const isDirectory = (request.createOptions & CreateOptions.DIRECTORY_FILE) !== 0;
      const archive = isDirectory ? 0 : FileAttributes.ARCHIVE;
      return volume.create(path, isDirectory, request.fileAttributes | archive);
    });
  }

  #read<T>(work: (volume: FatVolume) => T): T {
    return this.#run(this.#medium.volume(), false, work);
  }

  #change<T>(work: (volume: FatVolume) => T): T {
    const volume = this.#medium.volume(true);
    this.#checkWritable();
    return this.#run(volume, true, work);
  }

  #checkWritable(): void {
    if (this.#medium.isReadOnly) throw new DokanError(NtStatus.MEDIA_WRITE_PROTECTED);
  }

  #run<T>(volume: FatVolume, isChange: boolean, work: (volume: FatVolume) => T): T {
    try {
      return work(volume);
    } catch (error) {
      throw this.#medium.explain(error, isChange);
    }
  }
}

/** The entry of an open, or of a path that comes without one. */
function entryOf(path: string, file: File, volume: FatVolume): Entry {
  return opened(file)?.entry ?? volume.get(path);
}

/** The open, where the request has one: requests by path come with an empty context. */
function opened(file: File): ImageOpen | undefined {
  const open: ImageOpen | undefined = file.context;
  return open;
}

/** What reads and writes of an open go to. */
function contentOf(file: File): Entry {
  const { entry } = file.context;
  if (entry.isDirectory) throw new DokanError(NtStatus.INVALID_DEVICE_REQUEST);
  return entry;
}

function checkMayWrite(file: File): void {
  if (!file.context.mayWrite) throw new DokanError(NtStatus.ACCESS_DENIED);
}

function checkMayDelete(entry: Entry): void {
  const isReadOnly = (entry.record.attributes & FileAttributes.READONLY) !== 0;
  if (entry.isRoot || isReadOnly) throw new DokanError(NtStatus.CANNOT_DELETE);
}

function checkOpen(entry: Entry, { createOptions, desiredAccess }: CreateFileRequest): void {
  if (entry.isDirectory) {
    if (createOptions & CreateOptions.NON_DIRECTORY_FILE) {
      throw new DokanError(NtStatus.FILE_IS_A_DIRECTORY);
    }
    return;
  }
  if (createOptions & CreateOptions.DIRECTORY_FILE) throw new DokanError(NtStatus.NOT_A_DIRECTORY);
  const isReadOnly = (entry.record.attributes & FileAttributes.READONLY) !== 0;
  if (isReadOnly && asksToWrite(desiredAccess)) throw new DokanError(NtStatus.ACCESS_DENIED);
}

const KEPT_FROM_OVERWRITING = FileAttributes.HIDDEN | FileAttributes.SYSTEM;

function overwrite(entry: Entry, { fileAttributes }: CreateFileRequest, volume: FatVolume): Entry {
  const { record } = entry;
  if (entry.isDirectory) throw new DokanError(NtStatus.FILE_IS_A_DIRECTORY);
  if (record.attributes & FileAttributes.READONLY) throw new DokanError(NtStatus.ACCESS_DENIED);
  // An application that overwrites a hidden file must say that it knows it is one.
  const unnamed = record.attributes & KEPT_FROM_OVERWRITING & ~fileAttributes;
  if (IS_WINDOWS && unnamed !== 0) throw new DokanError(NtStatus.ACCESS_DENIED);
  record.attributes |= fileAttributes;
  volume.data.resize(entry, 0);
  return entry;
}

/**
 * No inode: FAT has no number that stays with a file. The host makes up its own, which stays the
 * same when the file is renamed. Nor has the root times.
 */
function describe(entry: Entry, volume: FatVolume): FileInformation {
  const { record } = entry;
  if (entry.isRoot) return { attributes: FileAttributes.DIRECTORY, linkCount: 1 };
  return {
    attributes: record.attributes || FileAttributes.NORMAL,
    creationTime: record.creationTime,
    lastAccessTime: record.lastAccessTime,
    lastWriteTime: record.lastWriteTime,
    size: entry.isDirectory ? 0 : record.size,
    // For a directory: nobody has counted those in it.
    linkCount: 1,
    blocks: volume.allocated(entry) / SECTOR,
  };
}

function* list(entries: Entry[], volume: FatVolume): Generator<FindEntry, void, undefined> {
  for (const entry of entries) yield { name: entry.name, ...describe(entry, volume) };
}
