import { DokanError, FileAttributes, NtStatus } from 'node-dokan';
import type { Chain } from './chain.js';
import type { Disk } from './disk.js';
import type { Entry } from './entry.js';
import type { Run } from './fat_table.js';
import { now } from './record.js';

/** Bytes: a record has 32 bits for the size of a file. */
const LARGEST_FILE = 0xffff_ffff;

/**
 * The contents of files. Each change goes to the disk in an order that keeps every other file whole
 * whenever the process ends: data before the table leads to it, the table before the record that
 * counts on it, and the other way round when something is given up. After a process was killed
 * there may be lost clusters, copies of the table that differ, a number of free clusters that is
 * behind, and both names of a file that was being renamed, for the same clusters: what `fsck.fat -a`
 * mends.
 */
export class FileData {
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  read(entry: Entry, buffer: Buffer, offset: number): number {
    const length = Math.min(buffer.length, entry.record.size - offset);
    if (length <= 0) return 0;
    this.#disk.read(this.#disk.chainOf(entry), buffer.subarray(0, length), offset);
    return length;
  }

  /** @throws DokanError FILE_TOO_LARGE, DISK_FULL, having changed nothing */
  write(entry: Entry, data: Buffer, offset: number): void {
    const end = offset + data.length;
    this.#extend(entry, end, (chain) => {
      const { size } = entry.record;
      // FAT has no holes; what was on the disk before is nobody's business.
      if (offset > size) this.#disk.clear(chain, size, offset);
      this.#disk.write(chain, data, offset);
    });
    this.#changed(entry, Math.max(end, entry.record.size));
  }

  /** @throws DokanError FILE_TOO_LARGE, DISK_FULL, having changed nothing */
  resize(entry: Entry, length: number): void {
    const { size } = entry.record;
    if (length >= size) {
      this.#extend(entry, length, (chain) => this.#disk.clear(chain, size, length));
      this.#changed(entry, length);
      return;
    }
    const { table } = this.#disk;
    const chain = this.#chain(entry);
    this.#disk.check(chain);
    const removed = chain.cut(this.#clustersFor(length));
    this.#changed(entry, length);
    if (chain.clusters > 0) table.end(chain.last);
    table.release(removed);
    table.commit();
  }

  /** @throws DokanError DISK_FULL, FILE_TOO_LARGE when a file of that length has no room */
  checkRoom(entry: Entry, length: number): void {
    if (length > LARGEST_FILE) throw new DokanError(NtStatus.FILE_TOO_LARGE);
    const missing = this.#clustersFor(length) - this.#chain(entry).clusters;
    if (missing > this.#disk.table.free) throw new DokanError(NtStatus.DISK_FULL);
  }

  /** Gives a file room, has it filled, and only then makes the new clusters the file's. */
  #extend(entry: Entry, length: number, fill: (chain: Chain) => void): void {
    if (length > LARGEST_FILE) throw new DokanError(NtStatus.FILE_TOO_LARGE);
    const { table } = this.#disk;
    const chain = this.#chain(entry);
    const { last } = chain;
    const missing = this.#clustersFor(length) - chain.clusters;
    const added: Run[] = missing > 0 ? table.allocate(missing, last) : [];
    table.commit();
    chain.append(added);
    fill(chain);
    const [first] = added;
    if (last === 0 || first === undefined) return;
    table.link(last, first.cluster);
    table.commit();
  }

  #changed(entry: Entry, size: number): void {
    const { record, chain } = entry;
    const before = Buffer.from(record.bytes);
    record.size = size;
    record.firstCluster = chain?.first ?? 0;
    record.attributes |= FileAttributes.ARCHIVE;
    record.written(now());
    if (!before.equals(record.bytes)) this.#disk.writeRecord(entry);
  }

  #chain(entry: Entry): Chain {
    const chain = this.#disk.chainOf(entry);
    if (chain.room < entry.record.size) throw new DokanError(NtStatus.FILE_CORRUPT_ERROR);
    return chain;
  }

  #clustersFor(length: number): number {
    return Math.ceil(length / this.#disk.geometry.clusterSize);
  }
}
