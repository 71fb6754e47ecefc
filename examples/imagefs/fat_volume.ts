import { DokanError, FileAttributes, NtStatus } from 'node-dokan';
import type { Device } from './device.js';
import type { Directory } from './directory.js';
import { DirectoryCache } from './directory_cache.js';
import { Disk } from './disk.js';
import { Entry } from './entry.js';
import { FileData } from './file_data.js';
import type { Geometry } from './geometry.js';
import { checkName, LONGEST_NAME } from './names.js';
import { now, Record, SLOT_SIZE } from './record.js';

/** A FAT volume: its tree of names, and what is made, deleted and renamed in it. */
export class FatVolume {
  readonly geometry: Geometry;
  readonly data: FileData;
  readonly root: Entry;
  readonly #disk: Disk;
  readonly #directories: DirectoryCache;

  /** @throws what reading the device throws; DokanError when the root directory is none */
  constructor(device: Device, geometry: Geometry) {
    this.geometry = geometry;
    this.#disk = new Disk(device, geometry);
    this.data = new FileData(this.#disk);
    this.#directories = new DirectoryCache(this.#disk);
    const record = new Record(Buffer.alloc(SLOT_SIZE), this.geometry);
    record.makeDirectory();
    record.firstCluster = geometry.rootCluster;
    this.root = new Entry('', record, undefined);
    this.contents(this.root);
  }

  get label(): string {
    return this.contents(this.root).label ?? this.geometry.label;
  }

  get totalBytes(): number {
    return this.geometry.clusterCount * this.geometry.clusterSize;
  }

  get freeBytes(): number {
    return this.#disk.table.free * this.geometry.clusterSize;
  }

  sync(): Promise<void> {
    return this.#disk.device.sync();
  }

  contents(entry: Entry): Directory {
    return this.#directories.contents(entry);
  }

  /** Bytes of the disk a file takes. */
  allocated(entry: Entry): number {
    const { clusterSize } = this.geometry;
    return Math.ceil(entry.record.size / clusterSize) * clusterSize;
  }

  /**
   * @returns undefined when the last name of the path is not there
   * @throws DokanError OBJECT_PATH_NOT_FOUND, NOT_A_DIRECTORY for the names before it; NAME_TOO_LONG
   */
  find(path: string): Entry | undefined {
    if (path.length === 1) return this.root;
    const { directory, name } = this.#place(path);
    const found = directory.find(name);
    if (found === undefined && name.length > LONGEST_NAME) {
      throw new DokanError(NtStatus.NAME_TOO_LONG);
    }
    return found;
  }

  /** @throws DokanError as `find`; OBJECT_NAME_NOT_FOUND when the last name is not there */
  get(path: string): Entry {
    const entry = this.find(path);
    if (entry === undefined) throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
    return entry;
  }

  open(entry: Entry): void {
    entry.opens += 1;
    if (entry.directory !== undefined) entry.directory.holds += 1;
  }

  close(entry: Entry): void {
    entry.opens -= 1;
    if (entry.directory !== undefined) entry.directory.holds -= 1;
    this.#releaseIfUnused(entry);
  }

  /** Makes a file or directory whose name is not taken. @throws DokanError OBJECT_NAME_INVALID, DISK_FULL */
  create(path: string, isDirectory: boolean, attributes: number): Entry {
    const { directory, name } = this.#place(path);
    checkName(name);
    const record = new Record(Buffer.alloc(SLOT_SIZE), this.geometry);
    record.created(now());
    record.attributes = attributes;
    const entry = new Entry(name, record, directory);
    if (isDirectory) this.#makeDirectory(entry, directory);
    try {
      directory.add(entry, name);
    } catch (error) {
      if (isDirectory && error instanceof DokanError) this.#disk.release(entry);
      throw error;
    }
    this.#touch(directory);
    return entry;
  }

  /** Takes the name away; the contents go when nobody has it open. */
  remove(entry: Entry): void {
    const { directory } = entry;
    if (directory === undefined || entry.isRemoved) return;
    directory.forget(entry);
    directory.vacate(entry.slot, entry.nameSlots);
    this.#touch(directory);
    this.#removed(entry);
  }

  /** rename(2). @throws DokanError when a rule of it is broken, having changed nothing */
  move(entry: Entry, newPath: string, replaceIfExisting: boolean): void {
    // An open is all there is of it: its slot may be another file's by now.
    if (entry.isRemoved) throw new DokanError(NtStatus.DELETE_PENDING);
    const source = entry.directory;
    if (source === undefined) throw new DokanError(NtStatus.ACCESS_DENIED);
    const { directory: target, name } = this.#place(newPath);
    refuseSubtree(entry, target);
    const old = target.find(name);
    const moved = entry.isDirectory && source !== target ? this.contents(entry) : undefined;
    const above = moved?.parentRecord();
    const { slot, nameSlots, holds } = entry;
    if (old !== undefined && old !== entry) {
      if (!replaceIfExisting) throw new DokanError(NtStatus.OBJECT_NAME_COLLISION);
      this.#refuseReplacement(old, entry);
      source.forget(entry);
      target.replace(old, entry);
    } else {
      if (name === entry.name && source === target) return;
      checkName(name);
      source.forget(entry);
      try {
        target.add(entry, name);
      } catch (error) {
        source.remember(entry);
        throw error;
      }
    }
    source.holds -= holds;
    target.holds += holds;
    source.vacate(slot, nameSlots);
    if (above !== undefined) moved?.writeParent(above, target);
    this.#touch(source);
    this.#touch(target);
    if (old !== undefined && old !== entry) this.#removed(old);
  }

  /** Writes the record of an entry, which somebody has changed. */
  update(entry: Entry): void {
    this.#disk.writeRecord(entry);
  }

  #removed(entry: Entry): void {
    this.#directories.drop(entry);
    entry.isRemoved = true;
    this.#releaseIfUnused(entry);
  }

  #releaseIfUnused(entry: Entry): void {
    if (entry.isRemoved && entry.opens === 0) this.#disk.release(entry);
  }

  /** Gives a new directory its cluster, with the two records that each has. */
  #makeDirectory(entry: Entry, parent: Directory): void {
    const { record } = entry;
    const { table } = this.#disk;
    const runs = table.allocate(1, 0);
    table.commit();
    record.makeDirectory();
    record.firstCluster = runs[0]!.cluster;
    const chain = this.#disk.chainOf(entry);
    this.#disk.clear(chain, 0, chain.room);
    const own = new Record(Buffer.from(record.bytes), this.geometry);
    own.setShortName(Buffer.from('.          '), 0);
    const above = new Record(Buffer.from(record.bytes), this.geometry);
    above.setShortName(Buffer.from('..         '), 0);
    above.firstCluster = parent.entry.isRoot ? 0 : parent.entry.record.firstCluster;
    this.#disk.write(chain, Buffer.concat([own.bytes, above.bytes]), 0);
  }

  /** The names in a directory have changed. The root has no record that could say so. */
  #touch({ entry }: Directory): void {
    if (entry.isRoot) return;
    const before = Buffer.from(entry.record.bytes);
    entry.record.written(now());
    if (!before.equals(entry.record.bytes)) this.update(entry);
  }

  #refuseReplacement(old: Entry, entry: Entry): void {
    if (old.isDirectory) {
      if (!entry.isDirectory) throw new DokanError(NtStatus.FILE_IS_A_DIRECTORY);
      if (this.contents(old).count > 0) throw new DokanError(NtStatus.DIRECTORY_NOT_EMPTY);
    } else if (entry.isDirectory) {
      throw new DokanError(NtStatus.NOT_A_DIRECTORY);
    }
    if (old.record.attributes & FileAttributes.READONLY) {
      throw new DokanError(NtStatus.ACCESS_DENIED);
    }
  }

  /** The directory that has, or would have, the last name of a path. */
  #place(path: string): { directory: Directory; name: string } {
    let directory = this.contents(this.root);
    const names = path.split('/').slice(1);
    const name = names.pop() ?? '';
    for (const above of names) {
      const entry = directory.find(above);
      if (entry === undefined) throw new DokanError(NtStatus.OBJECT_PATH_NOT_FOUND);
      if (!entry.isDirectory) throw new DokanError(NtStatus.NOT_A_DIRECTORY);
      directory = this.contents(entry);
    }
    return { directory, name };
  }
}

function refuseSubtree(entry: Entry, target: Directory): void {
  for (let above: Entry | undefined = target.entry; above; above = above.directory?.entry) {
    if (above === entry) throw new DokanError(NtStatus.INVALID_PARAMETER);
  }
}
