/** Where things are on a FAT volume: what its boot sector says. Positions count from its start. */
export interface Geometry {
  readonly kind: 'FAT12' | 'FAT16' | 'FAT32';
  /** Bytes of the volume, all of it. */
  readonly size: number;
  readonly clusterSize: number;
  /** Clusters are numbered from 2 to `clusterCount + 1`. */
  readonly clusterCount: number;
  /** Where each copy of the table begins that is to be kept; the first is read. */
  readonly tables: readonly number[];
  /** The root directory of FAT12 and FAT16, which cannot grow. */
  readonly rootPosition: number;
  readonly rootSize: number;
  /** The root directory of FAT32; 0 for the others. */
  readonly rootCluster: number;
  /** Where cluster 2 begins. */
  readonly dataPosition: number;
  /** FAT32's note of how many clusters are free. */
  readonly summaryPosition: number | undefined;
  readonly serialNumber: number;
  /** As it stands in the boot sector. */
  readonly label: string;
}

export const BOOT_SECTOR_SIZE = 512;
export const FIRST_CLUSTER = 2;
const SLOT_SIZE = 32;
const MOST_FAT12 = 4084;
const MOST_FAT16 = 65_524;
const HAS_SERIAL_NUMBER = [0x28, 0x29];
const HAS_LABEL = 0x29;
const NO_MIRRORS = 0x80;

/** Bits of an entry in the table. */
export const ENTRY_BITS = { FAT12: 12, FAT16: 16, FAT32: 32 } as const;

/**
 * Reads a boot sector (BIOS parameter block, Microsoft's FAT specification 1.03).
 * @returns undefined when it is not one of a FAT volume
 */
export function parseBootSector(boot: Buffer): Geometry | undefined {
  const sectorSize = boot.readUInt16LE(11);
  const perCluster = boot.readUInt8(13);
  const reserved = boot.readUInt16LE(14);
  const tableCount = boot.readUInt8(16);
  const rootEntries = boot.readUInt16LE(17);
  const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32);
  const smallTable = boot.readUInt16LE(22);
  const isFat32 = smallTable === 0;
  const tableSectors = smallTable || boot.readUInt32LE(36);
  const isJump = boot[0] === 0xeb || boot[0] === 0xe9;
  const isMedia = boot.readUInt8(21) >= 0xf0;
  if (!isJump || !isMedia || !isPower(sectorSize, 512, 4096) || !isPower(perCluster, 1, 128)) {
    return undefined;
  }
  if (reserved === 0 || tableCount === 0 || tableSectors === 0) return undefined;
  if (isFat32 !== (rootEntries === 0)) return undefined;

  const tableSize = tableSectors * sectorSize;
  const rootSize = rootEntries * SLOT_SIZE;
  const rootPosition = reserved * sectorSize + tableCount * tableSize;
  const dataPosition = rootPosition + Math.ceil(rootSize / sectorSize) * sectorSize;
  const clusterSize = perCluster * sectorSize;
  const size = sectors * sectorSize;
  const room = Math.floor((size - dataPosition) / clusterSize);
  if (room < 1) return undefined;
  const kind = isFat32 ? 'FAT32' : room <= MOST_FAT12 ? 'FAT12' : 'FAT16';
  // Neither the volume nor its table may be taken for larger than they are.
  const listed = Math.floor((tableSize * 8) / ENTRY_BITS[kind]) - FIRST_CLUSTER;
  const clusterCount = Math.min(room, listed);
  if (clusterCount < 1 || (kind === 'FAT16' && clusterCount > MOST_FAT16)) return undefined;
  const rootCluster = isFat32 ? boot.readUInt32LE(44) : 0;
  if (isFat32 && (rootCluster < FIRST_CLUSTER || rootCluster > clusterCount + 1)) return undefined;

  const all = Array.from({ length: tableCount }, (_, n) => reserved * sectorSize + n * tableSize);
  const flags = isFat32 ? boot.readUInt16LE(40) : 0;
  const active = all[flags & 0x0f];
  const summary = isFat32 ? boot.readUInt16LE(48) : 0;
  const extended = isFat32 ? 66 : 38;
  const signature = boot.readUInt8(extended);
  const label = boot.toString('latin1', extended + 5, extended + 16).trimEnd();
  return {
    kind,
    size,
    clusterSize,
    clusterCount,
    tables: flags & NO_MIRRORS && active !== undefined ? [active] : all,
    rootPosition,
    rootSize,
    rootCluster,
    dataPosition,
    summaryPosition: summary > 0 && summary < reserved ? summary * sectorSize : undefined,
    serialNumber: HAS_SERIAL_NUMBER.includes(signature) ? boot.readUInt32LE(extended + 1) : 0,
    label: signature === HAS_LABEL && label !== 'NO NAME' ? label : '',
  };
}

function isPower(value: number, least: number, most: number): boolean {
  return value >= least && value <= most && (value & (value - 1)) === 0;
}
