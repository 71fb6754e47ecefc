#!/usr/bin/env node
import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import {
  fail,
  mountOptions,
  runVolume,
  volumeCommand,
  type CommonArguments,
} from '../common/command.js';
import { ImageFileSystem } from './image_file_system.js';
import { Medium, type MediumEvent } from './medium.js';

interface Arguments extends CommonArguments {
  image: string;
  partition?: number;
}

const PARTITIONS = 4;

function parsePartition(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= PARTITIONS) return number;
  throw new InvalidArgumentError('Expected the number of a partition, 1 to 4.');
}

const EVENTS: Readonly<Record<MediumEvent, string>> = {
  absent: 'is gone: requests fail until it is back.',
  back: 'is back.',
  changed: 'is another one: files that were open are lost.',
};

const isWindows = process.platform === 'win32';

function hints(mountPoint: string): string[] {
  return isWindows ? ['Try:', `  dir ${mountPoint}\\`] : ['Try:', `  ls -l ${mountPoint}`];
}

const command = volumeCommand(
  'imagefs',
  'A disk image with a FAT file system, as a removable drive.',
)
  .addOption(new Option('--image <file>', 'the image: FAT12, FAT16 or FAT32').makeOptionMandatory())
  .option(
    '--partition <number>',
    'partition of the image (default: the first that is FAT)',
    parsePartition,
  )
  .parse();
const args = command.opts<Arguments>();
const image = resolve(args.image);

/** @returns undefined when the image cannot be used, which is said */
function insert(): Medium | undefined {
  try {
    return new Medium(image, args.partition, (event) => {
      console.error(`${image} ${EVENTS[event]}`);
    });
  } catch (error) {
    fail(error);
    return undefined;
  }
}

const medium = insert();
if (medium !== undefined) {
  const { isReadOnly, latest } = medium;
  if (isReadOnly) console.error(`${image} may not be written to: the volume is read-only.`);
  const { volumeLabel, ...options } = mountOptions(args);
  const isLabelGiven = command.getOptionValueSource('volumeLabel') === 'cli';
  // Windows asks for the label of the medium; in Linux' list of mounts stands what it was at first.
  const label = isLabelGiven ? volumeLabel : isWindows ? undefined : latest.label || undefined;
  await runVolume({
    mountPoint: args.mount,
    operations: new ImageFileSystem(medium),
    options: {
      ...options,
      ...(label !== undefined && { volumeLabel: label }),
      removable: true,
      writeProtect: isReadOnly,
      caseSensitive: false,
      allocationUnitSize: latest.geometry.clusterSize,
      // Of two spellings of one name the kernel does not know that they are one.
      entryTimeout: 0,
    },
    hints,
  });
}
