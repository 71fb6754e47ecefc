import type { Stats } from 'node:fs';
import { lstat, mkdir } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { FUSE_TYPE } from './fuse_type.js';
import type { MountInfo } from './mountinfo.js';

/** Where the notes about mounts lie: a directory of this user's alone, gone with the session at best. */

/** The directory cannot be trusted. Nothing is written there or believed of it. */
export class RuntimeDirectoryError extends Error {
  readonly code = 'ERR_RUNTIME_DIRECTORY';
  override readonly name = 'RuntimeDirectoryError';
  readonly directory: string;

  /** @param problem - as the end of a sentence: `'it is a symbolic link'` */
  constructor(directory: string, problem: string) {
    super(
      `The runtime directory ${directory} is not used: ${problem}. ` +
        'Remove it, or name another one in the environment variable NODE_DOKAN_RUNTIME_DIR.',
    );
    this.directory = directory;
  }
}

/** Others may not even look. */
const MODE = 0o700;
const WRITABLE_BY_OTHERS = 0o022;

/**
 * Its path; nothing is looked at. NODE_DOKAN_RUNTIME_DIR names another one, for programs that keep
 * such things in a place of their own, and for tests; the directory above must exist.
 */
export function runtimeDirectory(): string {
  const { env } = process;
  const given = env['NODE_DOKAN_RUNTIME_DIR'];
  if (given !== undefined && given !== '') return resolve(given);
  if (process.platform === 'win32') {
    return join(env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'node-dokan');
  }
  const user = process.geteuid?.() ?? 0;
  // Not XDG_RUNTIME_DIR, which root may have inherited from somebody else.
  if (user === 0) return '/run/node-dokan';
  const session = env['XDG_RUNTIME_DIR'];
  if (session !== undefined && isAbsolute(session)) return join(session, 'node-dokan');
  return join(tmpdir(), `node-dokan-${user}`);
}

/**
 * The directory, looked at.
 * @param mounts - what is mounted: a directory in a volume is not touched, for that may hang
 * @returns its path; undefined when there is none
 * @throws RuntimeDirectoryError when it is no directory of this user's alone
 * @throws Error of node:fs when it cannot be looked at
 */
export async function existingRuntimeDirectory(
  mounts: readonly MountInfo[],
): Promise<string | undefined> {
  const directory = runtimeDirectory();
  checkPlace(directory, mounts);
  let status: Stats;
  try {
    status = await lstat(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  checkStatus(directory, status);
  return directory;
}

/** The same, made when there is none; the directory above must be there. */
export async function makeRuntimeDirectory(mounts: readonly MountInfo[]): Promise<string> {
  const directory = runtimeDirectory();
  checkPlace(directory, mounts);
  try {
    await mkdir(directory, { mode: MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  checkStatus(directory, await lstat(directory));
  return directory;
}

/** @throws RuntimeDirectoryError when whoever serves a volume would have to answer for it */
export function checkPlace(directory: string, mounts: readonly MountInfo[]): void {
  const volume = mounts.find(
    ({ type, mountPoint }) =>
      type === FUSE_TYPE && (directory === mountPoint || directory.startsWith(`${mountPoint}/`)),
  );
  if (volume === undefined) return;
  throw new RuntimeDirectoryError(directory, `it lies in the volume at ${volume.mountPoint}`);
}

function checkStatus(directory: string, status: Stats): void {
  if (status.isSymbolicLink()) throw new RuntimeDirectoryError(directory, 'it is a symbolic link');
  if (!status.isDirectory()) throw new RuntimeDirectoryError(directory, 'it is no directory');
  // Windows has neither; what lies in a user's profile is that user's.
  const user = process.geteuid?.();
  if (user === undefined) return;
  if (status.uid !== user) {
    throw new RuntimeDirectoryError(directory, `it belongs to user ${status.uid}`);
  }
  if ((status.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new RuntimeDirectoryError(directory, 'other users may write to it');
  }
}
