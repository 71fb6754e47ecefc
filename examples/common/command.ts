import { subscribe } from 'node:diagnostics_channel';
import { Command, Option } from 'commander';
import {
  mount,
  OptionError,
  statusName,
  type DokanOperations,
  type MountOptions,
  type RequestEvent,
} from 'node-dokan';
import { DEFAULT_MOUNT_POINT, preparePlace } from './mount_place.js';
import { positiveNumber } from './numbers.js';

/** The options every example's command line has; commander's names for them. */
export interface CommonArguments {
  mount: string;
  volumeLabel: string;
  userModeLock: boolean;
  allowOther: boolean;
  autoUnmount: boolean;
  operationTimeout?: number;
  libraryPath?: string;
  force: boolean;
  debug: boolean;
}

/** What `runVolume` mounts and says. */
export interface VolumeProgram<Context> {
  /** Drive letter or directory; a directory that is missing is made, and removed at the end. */
  mountPoint: string;
  /** Or a module that has them. */
  operations: DokanOperations<Context> | URL;
  options: MountOptions;
  /** What to try, one line each, printed when the volume is usable. */
  hints: (mountPoint: string) => string[];
}

const EXIT_MOUNT = 1;
const EXIT_USAGE = 2;

/**
 * A command with the options all examples share. A wrong command line ends the process, unless the
 * caller overrides that (`exitOverride`).
 * @param name - of the program, also the default of `--volume-label`
 */
export function volumeCommand(name: string, description: string): Command {
  return (
    new Command(name)
      .description(description)
      .option('--mount <point>', 'drive letter or directory to mount at', DEFAULT_MOUNT_POINT)
      .option('--volume-label <label>', 'label of the volume', name)
      .option('--user-mode-lock', 'byte-range locks are decided by the file system', false)
      .option('--allow-other', 'other users may use the volume (Linux)', false)
      .option('--no-auto-unmount', 'what a killed process leaves stays mounted (Linux)')
      .option('--operation-timeout <ms>', 'time limit of one request', positiveNumber)
      // For tests: who uses Dokan uses the one that is installed.
      .addOption(new Option('--library-path <file>', 'the dokan2.dll to use (Windows)').hideHelp())
      .option('--force', 'release a dead volume that holds the mount point', false)
      .option('--debug', 'print every request', false)
      .allowExcessArguments(false)
      .showHelpAfterError('(--help lists the options)')
      .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE))
  );
}

/** The mount options the shared arguments stand for. With `--debug`, requests are printed from now on. */
export function mountOptions(args: CommonArguments): MountOptions {
  const options: MountOptions = {
    volumeLabel: args.volumeLabel,
    userModeLock: args.userModeLock,
    forceUnmount: args.force,
    debug: args.debug,
  };
  if (args.debug) subscribe('node-dokan:request', printRequest);
  if (args.allowOther) options.allowOther = true;
  if (!args.autoUnmount) options.autoUnmount = false;
  if (args.libraryPath !== undefined) options.libraryPath = args.libraryPath;
  if (args.operationTimeout !== undefined) options.operationTimeout = args.operationTimeout;
  return options;
}

/** Requests are published on a diagnostics channel, whatever the host. */
function printRequest(message: unknown): void {
  const { callback, path, status, milliseconds } = message as RequestEvent;
  const outcome = status === 0 ? 'ok' : statusName(status);
  console.error(`${callback} ${JSON.stringify(path)}: ${outcome} (${milliseconds.toFixed(3)} ms)`);
}

/**
 * Mounts, says so, and waits until the volume is gone: an example's whole `main`. The exit code is
 * left in `process.exitCode`.
 */
export async function runVolume<Context>(program: VolumeProgram<Context>): Promise<void> {
  try {
    const place = preparePlace(program.mountPoint);
    try {
      await serve(place.mountPoint, program);
    } finally {
      place.restore();
    }
  } catch (error) {
    fail(error);
  }
}

/** Says why there is no volume, and leaves the exit code in `process.exitCode`. */
export function fail(error: unknown): void {
  process.exitCode = error instanceof OptionError ? EXIT_USAGE : EXIT_MOUNT;
  console.error(explain(error));
}

async function serve<Context>(mountPoint: string, program: VolumeProgram<Context>): Promise<void> {
  const { operations, options, hints } = program;
  const volume = await mount(mountPoint, operations, { ...options, unmountOnSignal: true });
  // A defect in a callback fails one request; the volume lives on.
  volume.on('error', (error) => console.error(error));
  console.log(`mounted ${volume.mountPoint}`);
  for (const line of hints(volume.mountPoint)) console.log(line);
  console.log('Ctrl+C unmounts.');
  const { reason } = await volume.closed;
  if (reason !== 'unmounted') console.error(`${volume.mountPoint} is gone: ${reason}`);
  // Nobody wanted that: who started it may start it again.
  if (reason === 'lost') process.exitCode = EXIT_MOUNT;
}

/** An error with a code says what to do about it; one without is a defect, shown with its stack. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  return `error: ${'code' in error ? error.message : (error.stack ?? error.message)}`;
}
