import type { Command } from 'commander';
import { unmount } from '../../mount.js';
import { libraryOf, libraryOption } from '../library_option.js';
import { milliseconds } from '../numbers.js';
import { print } from '../output.js';

interface UnmountArguments {
  force: boolean;
  allSessions: boolean;
  timeout?: number;
  libraryPath?: string;
}

export function addUnmount(program: Command): void {
  program
    .command('unmount')
    .description('Unmounts a volume, whichever process serves it.')
    .argument('<point>', 'drive letter or directory it is mounted at')
    .option('--force', 'also when it is in use, dead or hung: open files fail', false)
    .option(
      '--all-sessions',
      "also another user's (Windows: session's); needs the privilege",
      false,
    )
    .option('--timeout <ms>', 'how long to wait for programs to close their files', milliseconds)
    .addOption(libraryOption())
    .action(async (point: string, args: UnmountArguments) => {
      const { force, allSessions, timeout } = args;
      await unmount(point, {
        force,
        allSessions,
        ...(timeout !== undefined && { timeout }),
        ...libraryOf(args),
      });
      print(`unmounted ${point}`);
    });
}
