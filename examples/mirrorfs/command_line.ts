import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Option, type Command } from 'commander';
import type { MountOptions } from 'node-dokan';
import { volumeCommand, type CommonArguments } from '../common/command.js';
import { positiveNumber, wholeNumber } from '../common/numbers.js';
import { SwitchError, translateSwitches } from './historic_switches.js';

/** Options of the program that the library calls by the same name. */
type LibraryOptions = Pick<
  MountOptions,
  | 'stderr'
  | 'writeProtect'
  | 'network'
  | 'uncName'
  | 'removable'
  | 'mountManager'
  | 'currentSession'
  | 'networkUnmount'
  | 'driverLogs'
  | 'ipcBatching'
  | 'singleThread'
  | 'timeout'
  | 'allocationUnitSize'
  | 'sectorSize'
>;

export interface MirrorArguments extends CommonArguments, LibraryOptions {
  root: string;
  altStreams: boolean;
  caseSensitive: boolean;
  passthrough: boolean;
  extendedAttributes: boolean;
  defaultPermissions: boolean;
  /** Milliseconds. */
  cacheTimeout?: number;
}

const HELP = `
The switches of Dokan's C sample are understood as well: mirrorfs /r c: /l z /d /s /m`;

/**
 * Reads a command line; historic switches are translated first.
 * @param args - without the program's name
 * @throws CommanderError when there is nothing to do: `exitCode` 0 after help, else a usage error,
 *   which has been reported
 */
export function parseCommandLine(args: readonly string[]): MirrorArguments {
  const command = makeCommand();
  try {
    const translated = translateSwitches(args, (option) => takesValue(command, option));
    command.parse(translated, { from: 'user' });
  } catch (error) {
    if (error instanceof SwitchError) command.error(`error: ${error.message}`);
    throw error;
  }
  return command.opts<MirrorArguments>();
}

function takesValue(command: Command, option: string): boolean {
  return command.options.some(({ long, required }) => long === option && required);
}

function makeCommand(): Command {
  const description = 'Shows a directory as a drive (Windows) or below another one (Linux).';
  return volumeCommand('mirrorfs', description)
    .option('--root <directory>', 'what to show', defaultRoot())
    .option('--write-protect', 'nothing can be changed')
    .option('--no-alt-streams', 'files have no alternate streams (user.* attributes on Linux)')
    .option('--alt-streams', 'they have', true)
    .option('--case-sensitive', 'names that differ in case differ', process.platform !== 'win32')
    .option('--no-case-sensitive', 'they do not')
    .option('--no-passthrough', 'this program is asked for every read and write')
    .option(
      '--no-extended-attributes',
      'files have none, and the kernel asks for none: faster (Linux)',
    )
    .addOption(
      // Everybody would get what the rights of this program allow.
      new Option(
        '--no-default-permissions',
        'who asks gets what this program may do, unchecked by the kernel: faster (Linux)',
      ).conflicts('allowOther'),
    )
    .option(
      '--cache-timeout <ms>',
      'how long the kernel trusts what it knows, of missing names too (Linux)',
      wholeNumber,
    )
    .option('--stderr', "Dokan's own debug output goes to stderr (Windows)")
    .option('--network', 'a network drive; needs --unc-name (Windows)')
    .addOption(
      new Option('--unc-name <name>', 'a network drive of this name, \\\\server\\share').implies({
        network: true,
      }),
    )
    .option('--network-unmount', 'Explorer may unmount a network drive (Windows)')
    .option('--removable', 'a removable medium (Windows)')
    .addOption(
      new Option('--mount-manager', 'known to the mount manager (Windows)').conflicts([
        'network',
        'currentSession',
      ]),
    )
    .option('--current-session', 'visible in this session only (Windows)')
    .option('--driver-logs', 'log lines of the driver (Windows)')
    .option('--ipc-batching', 'several requests per call to the driver (Windows)')
    .option('--single-thread', 'one request at a time (Windows)')
    .option('--timeout <ms>', 'until the driver gives a request up (Windows)', positiveNumber)
    .option('--allocation-unit-size <bytes>', 'a power of two from 512', positiveNumber)
    .option('--sector-size <bytes>', 'a power of two from 512 (Windows)', positiveNumber)
    .addHelpText('after', HELP)
    .exitOverride();
}

/** The directory of the examples, in the sources as well as compiled into dist/. */
function defaultRoot(): string {
  const sources = fileURLToPath(new URL('../../../examples', import.meta.url));
  return existsSync(sources) ? sources : fileURLToPath(new URL('..', import.meta.url));
}
