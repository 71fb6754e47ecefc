import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { MountError, OptionError } from './errors.js';
import type { Awaitable, DokanOperations } from './operations.js';

/** What a file system module is told of the thread that it is to work in. */
export interface ThreadContext<Data = unknown> {
  /** From 0 to `threads` - 1. A thread that takes the place of one that died has its index. */
  readonly threadIndex: number;
  readonly threads: number;
  /** The option `data`: with several threads a copy for each. */
  readonly data: Data;
}

/** The default export of a file system module, unless that is the operations themselves. */
export type FileSystemFactory<Context = unknown, Data = unknown> = (
  context: ThreadContext<Data>,
) => Awaitable<DokanOperations<Context>>;

/** The code of MountErrors about file system modules. */
const MODULE_ERROR = 'ERR_FILE_SYSTEM_MODULE';

/**
 * Where a file system module is.
 * @param module - a URL, or a path, which may be relative to the current directory
 * @throws OptionError when it is no place of a file
 */
export function moduleUrl(module: URL | string): string {
  if (typeof module === 'string') {
    return module.startsWith('file:') ? module : pathToFileURL(resolve(module)).href;
  }
  if (module.protocol !== 'file:') {
    const message = `Expected a file: URL for option 'operations' but was given ${module.href}`;
    throw new OptionError('operations', message);
  }
  return module.href;
}

/**
 * Imports a file system module (ES or CommonJS), and calls its factory if it has one.
 * @throws Error that says what is wrong with it
 */
export async function loadOperations(
  module: string,
  context: ThreadContext,
): Promise<DokanOperations> {
  let { default: exported } = (await import(module)) as { default?: unknown };
  // An ES module compiled to CommonJS.
  if (isObject(exported) && exported['__esModule'] === true) exported = exported['default'];
  const operations: unknown =
    typeof exported === 'function'
      ? await (exported as (given: ThreadContext) => unknown)(context)
      : exported;
  if (isObject(operations)) return operations;
  throw new TypeError(
    exported === undefined
      ? 'it has no default export'
      : 'its default export is neither operations nor a function that returns them',
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** The error of `mount` for a module that is of no use. */
export function moduleError(mountPoint: string, module: string, cause: unknown): MountError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new MountError({
    code: MODULE_ERROR,
    mountPoint,
    problem: `The file system module ${module} cannot be used (${reason}), for the volume at`,
    cure: 'Its default export must be DokanOperations, or a function that returns them.',
    cause,
  });
}
