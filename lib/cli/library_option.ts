import { Option } from 'commander';
import type { LibraryOptions } from '../options.js';

/** For tests: who uses Dokan uses the one that is installed. */
export function libraryOption(): Option {
  return new Option('--library-path <file>', 'the dokan2.dll to use (Windows)').hideHelp();
}

/** The library a command line names, as the library's functions take it. */
export function libraryOf(args: { libraryPath?: string }): LibraryOptions {
  return args.libraryPath === undefined ? {} : { libraryPath: args.libraryPath };
}
