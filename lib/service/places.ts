import { lstat, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { readMountInfo } from '../mounts/mountinfo.js';
import { makeRuntimeDirectory, runtimeDirectory } from '../mounts/runtime_directory.js';
import { ServiceError } from './errors.js';

/** Where the service keeps what. NODE_DOKAN_RUNTIME_DIR and NODE_DOKAN_STATE_DIR go before all. */

const onWindows = process.platform === 'win32';

/** An absolute path that is in the environment; others mean nothing there (XDG base directories). */
function fromEnvironment(name: string): string | undefined {
  const path = process.env[name];
  return path !== undefined && isAbsolute(path) ? path : undefined;
}

const isRoot = (): boolean => process.geteuid?.() === 0;

function windowsData(variable: string, folder: string): string {
  return join(fromEnvironment(variable) ?? join(homedir(), 'AppData', folder), 'node-dokan');
}

/** Who serves what, and the control socket: gone with the next start of the machine. */
export function serviceDirectory(): string {
  return join(runtimeDirectory(), 'service');
}

/** The file systems' output. */
export function logDirectory(): string {
  const given = fromEnvironment('NODE_DOKAN_STATE_DIR');
  if (given !== undefined) return join(given, 'log');
  if (onWindows) return join(windowsData('LOCALAPPDATA', 'Local'), 'log');
  if (isRoot()) return '/var/log/node-dokan';
  const state = fromEnvironment('XDG_STATE_HOME') ?? join(homedir(), '.local', 'state');
  return join(state, 'node-dokan', 'log');
}

/** The configuration, where it is not named. */
export function defaultConfig(): string {
  if (onWindows) return join(windowsData('APPDATA', 'Roaming'), 'mounts.json');
  if (isRoot()) return '/etc/node-dokan/mounts.json';
  const config = fromEnvironment('XDG_CONFIG_HOME') ?? join(homedir(), '.config');
  return join(config, 'node-dokan', 'mounts.json');
}

/** Directories of a service, looked at and found to be this user's alone. */
export interface Places {
  readonly runtime: string;
  readonly logs: string;
}

/**
 * Makes the service's directories where they are missing.
 * @throws ServiceError, or the runtime directory's own error, when others could meddle in one
 */
export async function makePlaces(): Promise<Places> {
  await makeRuntimeDirectory(process.platform === 'linux' ? await readMountInfo() : []);
  return {
    runtime: await makePrivateDirectory(serviceDirectory(), 'NODE_DOKAN_RUNTIME_DIR'),
    logs: await makePrivateDirectory(logDirectory(), 'NODE_DOKAN_STATE_DIR'),
  };
}

/** @param variable - what names another place */
async function makePrivateDirectory(path: string, variable: string): Promise<string> {
  const code = 'ERR_SERVICE_DIRECTORY';
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const problem = await privateDirectoryProblem(path);
    if (problem === undefined) return path;
    throw new ServiceError(code, `${problem}, or name another place in ${variable}.`);
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    const message = `The directory ${path} cannot be made (${(error as Error).message}). Name another place in ${variable}.`;
    throw new ServiceError(code, message, { cause: error });
  }
}

/** Why others could meddle in a directory, and what to do; undefined when they cannot. */
async function privateDirectoryProblem(path: string): Promise<string | undefined> {
  const found = await lstat(path);
  if (!found.isDirectory()) return `${path} is no directory. Remove it`;
  const user = process.geteuid?.();
  // On Windows what lies in a user's profile is that user's.
  if (user === undefined) return undefined;
  if (found.uid !== user) return `${path} belongs to user ${found.uid}. Remove it`;
  const mode = (found.mode & 0o777).toString(8);
  return (found.mode & 0o077) === 0
    ? undefined
    : `${path} is open to other users (mode ${mode}). Close it: chmod 700 ${path}`;
}
