import type { DiskImage } from './device.js';
import { BOOT_SECTOR_SIZE, parseBootSector, type Geometry } from './geometry.js';
import { ImageError } from './image_error.js';

/** A FAT volume in an image: where it begins, and what its boot sector says. */
export interface FoundVolume {
  readonly position: number;
  readonly geometry: Geometry;
}

interface Partition {
  readonly number: number;
  readonly type: number;
  readonly position: number;
  /** Bytes. */
  readonly size: number;
}

const SECTOR = 512;
const TABLE = 446;
const TABLE_ENTRY = 16;
const PARTITIONS = 4;
const SIGNATURE = 0xaa55;
const GPT_TYPE = 0xee;
/** FAT12, FAT16 (three kinds), FAT32 (two), EFI system partition. */
const FAT_TYPES = [0x01, 0x04, 0x06, 0x0b, 0x0c, 0x0e, 0xef];

/**
 * Finds the FAT volume of an image: the image itself, or a partition of its table (MBR).
 * @param partition - 1 to 4; default: the image itself, else the first partition that is FAT
 * @throws ImageError when there is none
 */
export function findVolume(image: DiskImage, path: string, partition?: number): FoundVolume {
  const size = image.size();
  if (size < BOOT_SECTOR_SIZE) throw notFat(path, 'it is too short');
  const first = sectorAt(image, 0);
  const whole = parseBootSector(first);
  if (partition === undefined && whole !== undefined) {
    return checkSize({ position: 0, geometry: whole }, size, path);
  }
  const partitions = whole === undefined ? partitionsOf(first) : [];
  if (partition !== undefined) {
    const chosen = partitions.find(({ number }) => number === partition);
    if (chosen === undefined) throw noPartition(path, partition, partitions);
    const found = volumeAt(image, chosen, size);
    if (found === undefined)
      throw notFat(path, `partition ${String(partition)} is of another kind`);
    return checkSize(found, size, path, chosen);
  }
  for (const candidate of partitions) {
    const found = FAT_TYPES.includes(candidate.type) ? volumeAt(image, candidate, size) : undefined;
    if (found !== undefined) return checkSize(found, size, path, candidate);
  }
  throw notFat(path, describe(first, partitions));
}

function sectorAt(image: DiskImage, position: number): Buffer {
  const sector = Buffer.alloc(BOOT_SECTOR_SIZE);
  image.read(sector, position);
  return sector;
}

function partitionsOf(sector: Buffer): Partition[] {
  if (sector.readUInt16LE(510) !== SIGNATURE) return [];
  const found: Partition[] = [];
  for (let number = 1; number <= PARTITIONS; number += 1) {
    const at = TABLE + (number - 1) * TABLE_ENTRY;
    const type = sector.readUInt8(at + 4);
    const start = sector.readUInt32LE(at + 8);
    if (type !== 0 && start !== 0) {
      const size = sector.readUInt32LE(at + 12) * SECTOR;
      found.push({ number, type, position: start * SECTOR, size });
    }
  }
  return found;
}

function volumeAt(
  image: DiskImage,
  { position }: Partition,
  size: number,
): FoundVolume | undefined {
  if (position + BOOT_SECTOR_SIZE > size) return undefined;
  const geometry = parseBootSector(sectorAt(image, position));
  return geometry && { position, geometry };
}

function checkSize(
  found: FoundVolume,
  size: number,
  path: string,
  partition?: Partition,
): FoundVolume {
  if (partition !== undefined && found.geometry.size > partition.size) {
    throw new ImageError(
      'ERR_NOT_FAT',
      `The FAT file system is larger than partition ${String(partition.number)}, which it is in`,
      path,
      'What lies behind the partition would be overwritten: mend the partition table.',
    );
  }
  if (found.position + found.geometry.size <= size) return found;
  throw new ImageError(
    'ERR_NOT_FAT',
    'The image ends before its FAT file system does',
    path,
    'Copy it again: a part of it is missing.',
  );
}

function describe(first: Buffer, partitions: readonly Partition[]): string {
  const name = first.toString('latin1', 3, 11).trimEnd();
  if (name === 'EXFAT') return 'it is exFAT';
  if (name === 'NTFS') return 'it is NTFS';
  if (partitions.some(({ type }) => type === GPT_TYPE)) return 'its partition table is a GPT';
  return partitions.length > 0 ? 'none of its partitions is FAT' : 'it has no FAT boot sector';
}

function notFat(path: string, reason: string): ImageError {
  return new ImageError(
    'ERR_NOT_FAT',
    `No FAT file system in the image (${reason})`,
    path,
    'Name an image with FAT12, FAT16 or FAT32, bare or in a partition of an MBR; mkfs.fat makes one.',
  );
}

function noPartition(path: string, number: number, found: readonly Partition[]): ImageError {
  const known = found.map((partition) => String(partition.number)).join(', ');
  return new ImageError(
    'ERR_NO_PARTITION',
    `The image has no partition ${String(number)}`,
    path,
    known === '' ? 'It has no partition table: leave --partition away.' : `It has: ${known}.`,
  );
}
