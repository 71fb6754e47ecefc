import { DokanError, NtStatus } from 'node-dokan';
import { Chain, type Storage } from './chain.js';
import type { Device } from './device.js';
import type { Entry } from './entry.js';
import { FatTable } from './fat_table.js';
import type { Geometry } from './geometry.js';

const ZEROS = Buffer.alloc(1 << 20);

/** What files and directories are made of: the device and its table. */
export class Disk {
  readonly device: Device;
  readonly geometry: Geometry;
  readonly table: FatTable;

  constructor(device: Device, geometry: Geometry) {
    this.device = device;
    this.geometry = geometry;
    this.table = new FatTable(device, geometry);
  }

  /** The clusters of a file or directory. @throws DokanError FILE_CORRUPT_ERROR */
  chainOf(entry: Entry): Chain {
    entry.chain ??= Chain.read(this.table, this.geometry, entry.record.firstCluster);
    return entry.chain;
  }

  read(storage: Storage, buffer: Buffer, offset: number): void {
    let done = 0;
    for (const { position, length } of storage.extents(offset, buffer.length)) {
      this.device.read(buffer.subarray(done, done + length), position);
      done += length;
    }
  }

  write(storage: Storage, data: Buffer, offset: number): void {
    let done = 0;
    for (const { position, length } of storage.extents(offset, data.length)) {
      this.device.write(data.subarray(done, done + length), position);
      done += length;
    }
  }

  /** Writes zeros over the bytes `from` up to `to`. */
  clear(storage: Storage, from: number, to: number): void {
    for (let at = from; at < to;) {
      const length = Math.min(ZEROS.length, to - at);
      this.write(storage, ZEROS.subarray(0, length), at);
      at += length;
    }
  }

  /** Writes what a directory says of an entry, as the entry has it now. */
  writeRecord(entry: Entry): void {
    if (entry.isRemoved || entry.directory === undefined) return;
    entry.directory.writeRecord(entry);
  }

  /**
   * Compares clusters that are to be freed with the table. Where two files were given the same, one
   * of them may have freed them, and a third may have them now.
   * @throws DokanError FILE_CORRUPT_ERROR
   */
  check(chain: Chain): void {
    if (!chain.equals(Chain.read(this.table, this.geometry, chain.first))) {
      throw new DokanError(NtStatus.FILE_CORRUPT_ERROR);
    }
  }

  /** Frees the clusters of what has no name any more. */
  release(entry: Entry): void {
    let chain: Chain;
    try {
      chain = this.chainOf(entry);
      this.check(chain);
    } catch (error) {
      // What the table says of it is nonsense: to be left alone, for a checking program to see.
      if (error instanceof DokanError && error.status === NtStatus.FILE_CORRUPT_ERROR) return;
      throw error;
    }
    this.table.release(chain.cut(0));
    this.table.commit();
  }
}
