import type { MountEntry, MountState } from './list.js';
import type { Note } from './note.js';
import { isRunning } from './process_identity.js';

/** What a note says of a mount. */
export type Annotation = Pick<
  MountEntry,
  'processId' | 'command' | 'fileSystem' | 'options' | 'mountedAt'
>;

const NOTHING: Annotation = {
  processId: undefined,
  command: undefined,
  fileSystem: undefined,
  options: undefined,
  mountedAt: undefined,
};

/**
 * The note about a mount among those with the kernel's name of it. That name is used again: a volume
 * that answers, or keeps somebody waiting, is not the one whose process is gone.
 */
export async function fittingNote(
  notes: readonly Note[],
  state: MountState,
): Promise<{ note: Note; isServed: boolean } | undefined> {
  for (const note of notes.toSorted((one, other) => other.mountedAt - one.mountedAt)) {
    const isServed = await isRunning(note.process);
    if (isServed || (state !== 'live' && state !== 'hung')) return { note, isServed };
  }
  return undefined;
}

/** What it says, for the list. */
export function annotationOf(fitting: { note: Note; isServed: boolean } | undefined): Annotation {
  if (fitting === undefined) return NOTHING;
  const { command, fileSystem, options, mountedAt, process } = fitting.note;
  return {
    processId: fitting.isServed ? process.id : undefined,
    command,
    fileSystem,
    options,
    mountedAt: new Date(mountedAt),
  };
}
