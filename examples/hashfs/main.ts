#!/usr/bin/env node
import { resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { mountOptions, runVolume, volumeCommand, type CommonArguments } from '../common/command.js';
import type { HashOptions } from './hash_file_system.js';

interface Arguments extends CommonArguments {
  root: string;
  threads: number;
}

const MOST_THREADS = 64;

function parseThreads(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST_THREADS) return number;
  throw new InvalidArgumentError(`Expected a number of threads, 1 to ${MOST_THREADS}.`);
}

const command = volumeCommand('hashfs', 'A directory with a SHA-256 digest in place of each file.')
  .option('--root <directory>', 'the directory whose files are hashed', '.')
  .option('--threads <number>', 'threads that hash (Linux)', parseThreads, 1)
  .parse();
const args = command.opts<Arguments>();

await runVolume({
  mountPoint: args.mount,
  operations: new URL('./hash_file_system.js', import.meta.url),
  options: {
    ...mountOptions(args),
    writeProtect: true,
    threads: args.threads,
    stateless: true,
    data: { root: resolve(args.root) } satisfies HashOptions,
  },
  hints: (mountPoint) => [
    `It hashes ${resolve(args.root)} in ${args.threads} thread(s); try:`,
    process.platform === 'win32'
      ? `  type ${mountPoint}\\*.sha256`
      : `  cd ${resolve(args.root)} && cat ${mountPoint}/*.sha256 | sha256sum -c`,
  ],
});
