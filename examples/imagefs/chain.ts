import { DokanError, NtStatus } from 'node-dokan';
import type { FatTable, Run } from './fat_table.js';
import { FIRST_CLUSTER, type Geometry } from './geometry.js';

/** A run of bytes on the device. */
export interface Extent {
  readonly position: number;
  readonly length: number;
}

/** Where the bytes of a file or directory are. */
export interface Storage {
  /** Bytes it has room for. */
  readonly room: number;
  /** The extents of a part of it, in order. */
  extents(offset: number, length: number): Extent[];
}

interface PlacedRun extends Run {
  /** Clusters of the file before it. */
  readonly before: number;
}

/** The clusters of a file, in order, as few runs. */
export class Chain implements Storage {
  readonly #geometry: Geometry;
  #runs: PlacedRun[] = [];
  #clusters = 0;

  private constructor(geometry: Geometry) {
    this.#geometry = geometry;
  }

  /**
   * @param first - first cluster; 0 for an empty file
   * @throws DokanError FILE_CORRUPT_ERROR when it leads nowhere, or round in circles
   */
  static read(table: FatTable, geometry: Geometry, first: number): Chain {
    const chain = new Chain(geometry);
    if (first === 0) return chain;
    if (!table.isCluster(first)) throw new DokanError(NtStatus.FILE_CORRUPT_ERROR);
    let start = first;
    let length = 1;
    let count = 1;
    for (let last = first; ;) {
      const next = table.next(last);
      if (next !== last + 1) {
        chain.append([{ cluster: start, length }]);
        start = next;
        length = 0;
      }
      if (next === 0) return chain;
      last = next;
      length += 1;
      count += 1;
      if (count > geometry.clusterCount) throw new DokanError(NtStatus.FILE_CORRUPT_ERROR);
    }
  }

  get clusters(): number {
    return this.#clusters;
  }

  get room(): number {
    return this.#clusters * this.#geometry.clusterSize;
  }

  /** First cluster; 0 when there is none. */
  get first(): number {
    return this.#runs[0]?.cluster ?? 0;
  }

  /** Last cluster; 0 when there is none. */
  get last(): number {
    const run = this.#runs.at(-1);
    return run === undefined ? 0 : run.cluster + run.length - 1;
  }

  /** Whether it is the same clusters in the same order. */
  equals(other: Chain): boolean {
    return (
      this.#runs.length === other.#runs.length &&
      this.#runs.every(({ cluster, length }, index) => {
        const run = other.#runs[index];
        return run?.cluster === cluster && run.length === length;
      })
    );
  }

  append(runs: readonly Run[]): void {
    for (const { cluster, length } of runs) {
      const run = this.#runs.at(-1);
      if (run !== undefined && run.cluster + run.length === cluster) {
        this.#runs[this.#runs.length - 1] = { ...run, length: run.length + length };
      } else {
        this.#runs.push({ cluster, length, before: this.#clusters });
      }
      this.#clusters += length;
    }
  }

  /** Keeps that many clusters. @returns the others */
  cut(clusters: number): Run[] {
    const removed: Run[] = [];
    while (this.#clusters > clusters) {
      const run = this.#runs.pop();
      if (run === undefined) break;
      const kept = Math.max(0, clusters - run.before);
      if (kept > 0) this.#runs.push({ ...run, length: kept });
      removed.push({ cluster: run.cluster + kept, length: run.length - kept });
      this.#clusters = run.before + kept;
    }
    return removed;
  }

  extents(offset: number, length: number): Extent[] {
    const { clusterSize, dataPosition } = this.#geometry;
    const found: Extent[] = [];
    const end = offset + length;
    if (end > this.room) throw new DokanError(NtStatus.FILE_CORRUPT_ERROR);
    let at = offset;
    for (let index = this.#runAt(Math.floor(offset / clusterSize)); at < end; index += 1) {
      const { cluster, before, length: clusters } = this.#runs[index]!;
      const start = at - before * clusterSize;
      const take = Math.min(end - at, clusters * clusterSize - start);
      const position = dataPosition + (cluster - FIRST_CLUSTER) * clusterSize + start;
      found.push({ position, length: take });
      at += take;
    }
    return found;
  }

  /** The run that holds a cluster of the file. */
  #runAt(cluster: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#runs[middle]!.before <= cluster) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** The root directory of FAT12 and FAT16: one piece, of a size that was chosen for ever. */
export class FixedRoot implements Storage {
  readonly #position: number;
  readonly room: number;

  constructor({ rootPosition, rootSize }: Geometry) {
    this.#position = rootPosition;
    this.room = rootSize;
  }

  extents(offset: number, length: number): Extent[] {
    return [{ position: this.#position + offset, length }];
  }
}
