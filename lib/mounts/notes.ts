import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, rename, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LONGEST_NOTE, noteKey, parseNote, writeNote, type Note } from './note.js';
import { isRunning } from './process_identity.js';

/**
 * The notes in a directory, a file each. A file has a name that no other one ever has: whoever
 * removes it removes what it has read, whatever other processes do meanwhile.
 */

/** `KEY.RANDOM.json`, and `.tmp` at the end while it is being written. */
const NOTE_NAME = /^[0-9a-f]{32}\.[0-9a-f]{16}\.json$/;
const UNFINISHED_NAME = /^[0-9a-f]{32}\.[0-9a-f]{16}\.json\.tmp$/;

/** Far more than one machine has mounts; what comes after that is not looked at. */
const MOST_NOTES = 1_000;

/** How old a file that is still being written may be, in milliseconds. */
const WRITING = 60_000;

/** A note and where it lies. */
export interface StoredNote {
  readonly path: string;
  readonly note: Note;
}

/**
 * Writes a note: whole, or not at all. Older notes of the same mount go: what they are about has
 * been unmounted, and the kernel has used its number again.
 * @returns its path
 */
export async function storeNote(directory: string, note: Note): Promise<string> {
  const key = noteKey(note.device, note.mountPoint);
  const name = `${key}.${randomBytes(8).toString('hex')}.json`;
  const path = join(directory, name);
  const unfinished = `${path}.tmp`;
  try {
    await writeFile(unfinished, writeNote(note), { flag: 'wx', mode: 0o600 });
    await rename(unfinished, path);
  } catch (error) {
    await removeFile(unfinished);
    throw error;
  } finally {
    // Better none than a wrong one.
    await removeOthers(directory, key, name);
  }
  return path;
}

async function removeOthers(directory: string, key: string, name: string): Promise<void> {
  for (const other of await readdir(directory)) {
    if (other !== name && other.startsWith(key) && NOTE_NAME.test(other)) {
      await removeFile(join(directory, other));
    }
  }
}

/** All notes that can be read; others are passed over. */
export async function readNotes(directory: string): Promise<StoredNote[]> {
  const names = (await readdir(directory)).filter((name) => NOTE_NAME.test(name));
  const notes = names.slice(0, MOST_NOTES).map((name) => readStored(directory, name));
  return (await Promise.all(notes)).filter((stored) => stored !== undefined);
}

async function readStored(directory: string, name: string): Promise<StoredNote | undefined> {
  const path = join(directory, name);
  const text = await readOwnFile(path);
  const note = text === undefined ? undefined : parseNote(text);
  if (note === undefined || !name.startsWith(noteKey(note.device, note.mountPoint))) {
    return undefined;
  }
  return { path, note };
}

/** A file of this user's; never a pipe, what a link leads to, or more than a note can be. */
async function readOwnFile(path: string): Promise<string | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  try {
    // The last two are Linux's.
    const file = await open(
      path,
      O_RDONLY |
        ((O_NOFOLLOW as number | undefined) ?? 0) |
        ((O_NONBLOCK as number | undefined) ?? 0),
    );
    try {
      const status = await file.stat();
      const user = process.geteuid?.();
      if (!status.isFile() || status.size > LONGEST_NOTE) return undefined;
      if (user !== undefined && status.uid !== user) return undefined;
      return await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch {
    // Gone meanwhile, or not to be read.
    return undefined;
  }
}

/**
 * Removes notes of which neither the mount nor the process is there any more, and what is left of
 * unfinished ones.
 * @param isMounted - whether the kernel's list, read after the notes, has it
 */
export async function sweepNotes(
  directory: string,
  notes: readonly StoredNote[],
  isMounted: (note: Note) => boolean,
): Promise<void> {
  for (const { path, note } of notes) {
    // A volume in another mount namespace is in another list.
    if (!isMounted(note) && !(await isRunning(note.process))) await removeFile(path);
  }
  for (const name of await readdir(directory)) {
    if (UNFINISHED_NAME.test(name)) await removeAbandoned(join(directory, name));
  }
}

async function removeAbandoned(path: string): Promise<void> {
  try {
    const { mtimeMs } = await lstat(path);
    if (Math.abs(Date.now() - mtimeMs) > WRITING) await unlink(path);
  } catch {
    // It is finished.
  }
}

/** Nobody needs it any more: if it stays, it is swept. */
export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch {
    // Somebody was faster, or the disk fails.
  }
}
