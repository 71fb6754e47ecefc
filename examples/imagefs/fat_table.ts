import { DokanError, NtStatus } from 'node-dokan';
import type { Device } from './device.js';
import { ENTRY_BITS, FIRST_CLUSTER, type Geometry } from './geometry.js';
import { FreeMap } from './free_map.js';
import { TablePages } from './table_pages.js';

/** Clusters that lie one after the other. */
export interface Run {
  readonly cluster: number;
  readonly length: number;
}

/** Summary sector of FAT32 (FSInfo): offsets and signatures. */
const SUMMARY_SIGNATURES = [
  [0, 0x41615252],
  [484, 0x61417272],
] as const;
const SUMMARY_FREE = 488;

const FAT32_BITS = 0x0fff_ffff;

/**
 * The table that gives a volume its name: for each cluster the next one of its file. Changes are
 * in memory until `commit`.
 */
export class FatTable {
  readonly #device: Device;
  readonly #geometry: Geometry;
  readonly #pages: TablePages;
  readonly #free: FreeMap;
  readonly #bits: number;
  /** From here on an entry says that there is no next cluster. */
  readonly #end: number;
  /** Where the next file is put. */
  #hint = 0;
  #summarized = -1;
  readonly #summaryPosition: number | undefined;

  /** Reads all of the table once, for the free clusters. */
  constructor(device: Device, geometry: Geometry) {
    this.#device = device;
    this.#geometry = geometry;
    this.#bits = ENTRY_BITS[geometry.kind];
    this.#end = (this.#bits === 32 ? FAT32_BITS : (1 << this.#bits) - 1) - 7;
    const tableSize = Math.ceil(((geometry.clusterCount + FIRST_CLUSTER) * this.#bits) / 8);
    this.#pages = new TablePages(device, geometry.tables, tableSize);
    this.#free = new FreeMap(geometry.clusterCount);
    for (let index = 0; index < geometry.clusterCount; index += 1) {
      if (this.#get(index + FIRST_CLUSTER) === 0) this.#free.give(index);
    }
    this.#summaryPosition = this.#findSummary();
  }

  /** Clusters that are free. */
  get free(): number {
    return this.#free.free;
  }

  /**
   * The cluster after this one; 0 after the last.
   * @throws DokanError FILE_CORRUPT_ERROR when the table says something that cannot be
   */
  next(cluster: number): number {
    const value = this.#get(cluster);
    if (value >= this.#end) return 0;
    if (!this.isCluster(value)) throw new DokanError(NtStatus.FILE_CORRUPT_ERROR);
    return value;
  }

  isCluster(value: number): boolean {
    return value >= FIRST_CLUSTER && value < this.#geometry.clusterCount + FIRST_CLUSTER;
  }

  /**
   * Takes clusters and chains them; nothing leads to the first of them yet.
   * @param near - preferably after this one; 0: wherever the search stands
   * @throws DokanError DISK_FULL, having taken none
   */
  allocate(count: number, near: number): Run[] {
    if (count > this.#free.free) throw new DokanError(NtStatus.DISK_FULL);
    const runs: { cluster: number; length: number }[] = [];
    let index = near === 0 ? this.#hint : near - FIRST_CLUSTER + 1;
    for (let taken = 0; taken < count; taken += 1) {
      index = this.#free.next(index);
      this.#free.take(index);
      const cluster = index + FIRST_CLUSTER;
      const run = runs.at(-1);
      if (run !== undefined) this.#set(run.cluster + run.length - 1, cluster);
      if (run !== undefined && run.cluster + run.length === cluster) run.length += 1;
      else runs.push({ cluster, length: 1 });
      index += 1;
    }
    const last = runs.at(-1);
    if (last !== undefined) this.end(last.cluster + last.length - 1);
    this.#hint = index;
    return runs;
  }

  /** Makes one cluster follow another. */
  link(cluster: number, next: number): void {
    this.#set(cluster, next);
  }

  /** Makes a cluster the last of its chain. */
  end(cluster: number): void {
    this.#set(cluster, this.#end + 7);
  }

  release(runs: readonly Run[]): void {
    for (const { cluster, length } of runs) {
      for (let number = cluster; number < cluster + length; number += 1) {
        this.#set(number, 0);
        this.#free.give(number - FIRST_CLUSTER);
      }
    }
  }

  /** Writes what has changed into every copy of the table. */
  commit(): void {
    this.#pages.commit();
    if (this.#summaryPosition === undefined || this.#summarized === this.#free.free) return;
    const summary = Buffer.alloc(4);
    summary.writeUInt32LE(this.#free.free);
    this.#device.write(summary, this.#summaryPosition + SUMMARY_FREE);
    this.#summarized = this.#free.free;
  }

  /** The summary is only touched when it is one: a wrong pointer could lead anywhere. */
  #findSummary(): number | undefined {
    const { summaryPosition } = this.#geometry;
    if (summaryPosition === undefined) return undefined;
    const sector = Buffer.alloc(512);
    this.#device.read(sector, summaryPosition);
    if (SUMMARY_SIGNATURES.some(([at, value]) => sector.readUInt32LE(at) !== value)) {
      return undefined;
    }
    this.#summarized = sector.readUInt32LE(SUMMARY_FREE);
    return summaryPosition;
  }

  #get(cluster: number): number {
    if (this.#bits === 32) return this.#pages.uint32(cluster * 4) & FAT32_BITS;
    if (this.#bits === 16) return this.#pages.uint16(cluster * 2);
    const pair = this.#pages.uint16((cluster * 3) >>> 1);
    return cluster & 1 ? pair >>> 4 : pair & 0xfff;
  }

  #set(cluster: number, value: number): void {
    if (this.#bits === 32) {
      const at = cluster * 4;
      // The upper four bits are none of the number's, and stay.
      const kept = this.#pages.uint32(at) & ~FAT32_BITS;
      this.#pages.setUint32(at, (kept | value) >>> 0);
    } else if (this.#bits === 16) {
      this.#pages.setUint16(cluster * 2, value);
    } else {
      const at = (cluster * 3) >>> 1;
      const pair = this.#pages.uint16(at);
      this.#pages.setUint16(
        at,
        cluster & 1 ? (pair & 0xf) | (value << 4) : (pair & 0xf000) | value,
      );
    }
  }
}
