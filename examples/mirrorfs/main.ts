#!/usr/bin/env node
import { resolve } from 'node:path';
import { CommanderError } from 'commander';
import type { DokanOperations, MountOptions } from 'node-dokan';
import { mountOptions, runVolume } from '../common/command.js';
import { parseCommandLine, type MirrorArguments } from './command_line.js';
import { pathBelow } from './hidden_path.js';
import { MirrorFileSystem } from './mirror_file_system.js';
import type { MirrorOptions } from './mirror_options.js';
import { WindowsMirror } from './windows_mirror.js';

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;

interface Mirror<Context> extends DokanOperations<Context> {
  dispose(): void;
}

type MirrorClass<Context> = new (root: string, options: MirrorOptions) => Mirror<Context>;

/** Mirrors until the volume is unmounted; the exit code is left in `process.exitCode`. */
async function run<Context>(
  args: MirrorArguments,
  mirrorClass: MirrorClass<Context>,
): Promise<void> {
  const fileSystem = openMirror(args, mirrorClass);
  if (fileSystem === undefined) {
    process.exitCode = EXIT_FAILURE;
    return;
  }
  try {
    await runVolume({
      mountPoint: args.mount,
      operations: fileSystem,
      options: toMountOptions(args),
      hints: (mountPoint) => [
        `It shows ${resolve(args.root)}; try:`,
        ...(process.platform === 'win32'
          ? [`  dir ${mountPoint}`, `  notepad ${mountPoint}\\hello.txt`]
          : [`  ls -la ${mountPoint}`, `  cp -a ${mountPoint} /tmp/copy`]),
      ],
    });
  } finally {
    fileSystem.dispose();
  }
}

function openMirror<Context>(
  args: MirrorArguments,
  mirrorClass: MirrorClass<Context>,
): Mirror<Context> | undefined {
  try {
    return new mirrorClass(args.root, {
      altStreams: args.altStreams,
      readOnly: args.writeProtect,
      caseSensitive: args.caseSensitive,
      passthrough: args.passthrough,
      hide: pathBelow(args.root, args.mount),
      log: args.debug ? (line) => console.error(line) : undefined,
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.error(`error: cannot show ${args.root} (${reason}): choose another one with --root`);
    return undefined;
  }
}

/** Options of the program that mean nothing to the library; all others have its names. */
const OWN_OPTIONS = new Set([
  'root',
  'mount',
  'force',
  'autoUnmount',
  'passthrough',
  'cacheTimeout',
]);

function toMountOptions(args: MirrorArguments): MountOptions {
  const { cacheTimeout } = args;
  const shared = Object.entries(args).filter(([name]) => !OWN_OPTIONS.has(name));
  return {
    ...(Object.fromEntries(shared) as MountOptions),
    ...mountOptions(args),
    ...(cacheTimeout !== undefined && {
      entryTimeout: cacheTimeout,
      attributeTimeout: cacheTimeout,
      negativeTimeout: cacheTimeout,
    }),
  };
}

try {
  const args = parseCommandLine(process.argv.slice(2));
  if (process.platform === 'win32') await run(args, WindowsMirror);
  else await run(args, MirrorFileSystem);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
}
