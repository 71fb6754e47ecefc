import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { ProcessIdentity } from './process_identity.js';

/**
 * What we know of a mount and the kernel does not. It outlives the process, and the kernel's list
 * outlives both: a note only says more about what is in that list.
 */
export interface Note {
  /** The kernel's name of what is mounted: `major:minor` on Linux, Dokan's device name on Windows. */
  readonly device: string;
  readonly mountPoint: string;
  /** Who has mounted it: the user's number on Linux, the name on Windows. */
  readonly user: string;
  readonly process: ProcessIdentity;
  /** With what command that process was started. */
  readonly command: readonly string[];
  readonly fileSystem: string | undefined;
  /** As given to `mount`, without what no text stands for. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  readonly mountedAt: number;
}

/** Bytes of a note in its file. */
export const LONGEST_NOTE = 64 * 1024;

/** Of what the file holds. Another one is not read. */
const FORMAT = 1;

/** The only option that may be infinite, for which JSON has no word. */
const INFINITE = 'operationTimeout';

/** The beginning of the file's name: the same for the same mount. */
export function noteKey(device: string, mountPoint: string): string {
  return createHash('sha256')
    .update(`${device}\0${mountPoint}`, 'utf16le')
    .digest('hex')
    .slice(0, 32);
}

/** Options as they can be written and read again. */
export function plainOptions(given: object | undefined): Record<string, unknown> {
  const options: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given ?? {})) {
    // What a module is given is between the program and itself.
    if (name === 'data') continue;
    if (['string', 'number', 'boolean'].includes(typeof value)) options[name] = value;
  }
  return options;
}

/** A note as text, cut to what may be read again. */
export function writeNote(note: Note): string {
  const whole = toText(note);
  if (fits(whole)) return whole;
  const short = toText({ ...note, command: note.command.slice(0, 1) });
  return fits(short) ? short : toText({ ...note, command: [], options: {} });
}

function fits(text: string): boolean {
  return Buffer.byteLength(text) <= LONGEST_NOTE;
}

function toText(note: Note): string {
  return JSON.stringify({ format: FORMAT, ...note }, (_, value: unknown) =>
    value === Infinity ? 'Infinity' : value,
  );
}

/** @returns undefined for what is no note, or one of another version */
export function parseNote(text: string): Note | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text, (name, item: unknown) =>
      name === INFINITE && item === 'Infinity' ? Infinity : item,
    );
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value['format'] !== FORMAT) return undefined;
  const { device, mountPoint, user, process, command, fileSystem, options, mountedAt } = value;
  if (!isText(device) || !isText(mountPoint) || !isText(user)) return undefined;
  if (!isRecord(process) || !isNumber(process['id']) || !isText(process['started'])) {
    return undefined;
  }
  if (!Array.isArray(command) || !command.every(isText)) return undefined;
  if (fileSystem !== undefined && !isText(fileSystem)) return undefined;
  if (!isRecord(options) || !isDeepStrictEqual(options, plainOptions(options))) return undefined;
  // What a Date takes.
  if (!isNumber(mountedAt) || mountedAt > 8.64e15) return undefined;
  const { id, started } = process as unknown as ProcessIdentity;
  return {
    device,
    mountPoint,
    user,
    process: { id, started },
    command,
    fileSystem,
    options,
    mountedAt,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
