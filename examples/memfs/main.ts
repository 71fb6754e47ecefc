#!/usr/bin/env node
import { InvalidArgumentError } from 'commander';
import type { MountOptions } from 'node-dokan';
import { mountOptions, runVolume, volumeCommand, type CommonArguments } from '../common/command.js';
import { parseByteSize } from './byte_size.js';
import { MemoryFileSystem } from './memfs.js';

interface Arguments extends CommonArguments {
  size: number;
  caseSensitive: boolean;
  altStreams: boolean;
}

const DEFAULT_SIZE = 2 ** 30;
/** Less would not hold the root and a file. */
const LEAST_SIZE = 64 * 1024;

function parseSize(text: string): number {
  const bytes = parseByteSize(text);
  if (bytes !== undefined && bytes >= LEAST_SIZE) return bytes;
  throw new InvalidArgumentError('Expected a size from 64K, such as 512M or 4G.');
}

function hints(mountPoint: string): string[] {
  return process.platform === 'win32'
    ? ['Try:', `  echo hello > ${mountPoint}\\hello.txt`, `  type ${mountPoint}\\hello.txt`]
    : ['Try:', `  echo hello > ${mountPoint}/hello.txt`, `  cat ${mountPoint}/hello.txt`];
}

/**
 * Files change through the mount alone, so the kernel may keep what it knows of them, except for
 * names: of two spellings of one name it does not know that they are one.
 */
function cacheOptions(caseSensitive: boolean): MountOptions {
  return caseSensitive
    ? { keepCache: true, negativeTimeout: 1_000 }
    : { keepCache: true, entryTimeout: 0 };
}

const isWindows = process.platform === 'win32';

const args = volumeCommand('memfs', 'A file system in memory: its files are gone when it ends.')
  .option('-s, --size <bytes>', 'how much it may hold', parseSize, DEFAULT_SIZE)
  .option('--case-sensitive', 'Name and name are two files', !isWindows)
  .option('--no-case-sensitive', 'Name and name are one file')
  .option('--no-alt-streams', 'files have no streams (on Linux: no extended attributes)')
  .parse()
  .opts<Arguments>();

await runVolume({
  mountPoint: args.mount,
  operations: new MemoryFileSystem({
    capacity: args.size,
    caseSensitive: args.caseSensitive,
    altStreams: args.altStreams,
    volumeLabel: args.volumeLabel,
  }),
  options: {
    ...mountOptions(args),
    altStreams: args.altStreams,
    caseSensitive: args.caseSensitive,
    ...cacheOptions(args.caseSensitive),
  },
  hints,
});
