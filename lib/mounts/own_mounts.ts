import { unlinkSync } from 'node:fs';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { HostedVolume } from '../hosts/host.js';
import type { DokanOperations } from '../operations.js';
import type { MountOptions } from '../options.js';
import { settledWithin } from '../settled_within.js';
import { readMountInfo, readMountInfoSync, type MountInfo } from './mountinfo.js';
import { plainOptions, type Note } from './note.js';
import { readNotes, removeFile, storeNote, sweepNotes, type StoredNote } from './notes.js';
import { thisProcess } from './process_identity.js';
import { checkPlace, existingRuntimeDirectory, makeRuntimeDirectory } from './runtime_directory.js';

/** The volumes of this thread, and the notes about them that other processes read. */

/** How long anybody waits for notes, in milliseconds. A disk may take for ever. */
const PATIENCE = 1_000;

/** The notes of this thread's volumes, whether they could be written or not. */
const own = new Set<Note>();

/** Where they are, to be removed at the end. */
const paths = new Set<string>();

let isWatchingExit = false;
let hasWarned = false;
let hasSwept = false;

/** The user as notes name it: the number on Linux, the name on Windows. */
export function currentUser(): string {
  return process.getuid?.().toString() ?? userInfo().username;
}

/** What this thread itself knows of a volume it serves, by the kernel's name of it. */
export function ownNote(device: string): Note | undefined {
  for (const note of own) if (note.device === device) return note;
  return undefined;
}

/** What the file system is called: by its option, else by its class. */
function nameOf(
  operations: DokanOperations | undefined,
  given: MountOptions | undefined,
): string | undefined {
  if (given?.fileSystemName !== undefined) return given.fileSystemName;
  // Other threads have them.
  if (operations === undefined) return undefined;
  // Whatever `constructor` is: operations may be made in any way.
  const { constructor } = operations as { constructor?: unknown };
  if (typeof constructor !== 'function' || constructor === Object) return undefined;
  return constructor.name === '' ? undefined : constructor.name;
}

/**
 * Keeps a note about a volume until it ends. That it cannot be written is a warning at most, once.
 * @param given - the options as they were given
 */
export async function keepNote(
  hosted: HostedVolume,
  operations: DokanOperations | undefined,
  given: MountOptions | undefined,
): Promise<void> {
  const keeping = keep(hosted, nameOf(operations, given), given).catch(warn);
  await settledWithin(keeping, PATIENCE);
}

async function keep(
  hosted: HostedVolume,
  fileSystem: string | undefined,
  given: MountOptions | undefined,
): Promise<void> {
  const mountedAt = Date.now();
  const device = await hosted.identify?.();
  const identity = await thisProcess();
  if (device === undefined || identity === undefined) return;
  const note: Note = {
    device,
    mountPoint: hosted.mountPoint,
    user: currentUser(),
    process: identity,
    command: [process.execPath, ...process.execArgv, ...process.argv.slice(1)],
    fileSystem,
    options: plainOptions(given),
    mountedAt,
  };
  own.add(note);
  const ending = hosted.ended.then(() => own.delete(note));
  const directory = await makeRuntimeDirectory(await knownMounts());
  const path = await storeNote(directory, note);
  paths.add(path);
  // At once when it has ended meanwhile.
  void ending.then(() => {
    paths.delete(path);
    return removeFile(path);
  });
  if (!isWatchingExit) process.on('exit', removeAll);
  isWatchingExit = true;
  if (!hasSwept) void sweep().catch(() => undefined);
  hasSwept = true;
}

function warn(error: unknown): void {
  if (hasWarned) return;
  hasWarned = true;
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(
    `listMounts() will not tell who has mounted what, for no note of it can be kept: ${reason}`,
    { code: 'DOKAN_NO_NOTES' },
  );
}

/** Linux's list; Windows has none to read. */
async function knownMounts(): Promise<MountInfo[]> {
  return process.platform === 'linux' ? readMountInfo() : [];
}

/** All notes of this user that can be read in time; none where the directory is not to be trusted. */
export async function allNotes(): Promise<StoredNote[]> {
  let notes: StoredNote[] = [];
  const reading = readAll().then((found) => void (notes = found));
  await settledWithin(reading, PATIENCE);
  return notes;
}

async function readAll(): Promise<StoredNote[]> {
  try {
    const directory = await existingRuntimeDirectory(await knownMounts());
    return directory === undefined ? [] : await readNotes(directory);
  } catch {
    return [];
  }
}

/** What processes that were killed have left on Linux; on Windows whoever lists sweeps. */
async function sweep(): Promise<void> {
  if (process.platform !== 'linux') return;
  const notes = await allNotes();
  const mounts = await readMountInfo();
  await forget(notes, ({ device, mountPoint }) =>
    mounts.some((mount) => mount.deviceNumber === device && mount.mountPoint === mountPoint),
  );
}

/** Sweeps the directory of the notes. That it fails harms nobody. */
export async function forget(
  notes: readonly StoredNote[],
  isMounted: (note: Note) => boolean,
): Promise<void> {
  const [first] = notes;
  if (first === undefined) return;
  // What is left over, the next one sweeps.
  await settledWithin(sweepNotes(dirname(first.path), notes, isMounted), PATIENCE);
}

/** The process ends, and its volumes with it. */
function removeAll(): void {
  for (const path of paths) {
    try {
      // A volume of this thread may have been mounted over them, and nobody would answer.
      checkPlace(dirname(path), process.platform === 'linux' ? readMountInfoSync() : []);
      unlinkSync(path);
    } catch {
      // Whoever lists mounts will sweep it.
    }
  }
}
