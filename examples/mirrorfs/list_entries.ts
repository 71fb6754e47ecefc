import type { FindEntry } from 'node-dokan';
import type { BackingStore } from './backing_store.js';
import { isMissing } from './failure.js';
import type { MirrorOpen } from './mirror_open.js';
import type { NameMapping } from './name_mapping.js';

/**
 * The entries of a directory, each looked at when it is asked for: who wants the first of a
 * million does not wait for the others.
 */
export function* listEntries(
  store: BackingStore,
  mapping: NameMapping,
  path: string,
  open: MirrorOpen,
): Generator<FindEntry> {
  for (const backingName of store.list(path, open.fd)) {
    const name = mapping.toVolume(path, backingName);
    if (name === undefined) continue;
    const entry = describe(store, path, open.fd, backingName, name);
    if (entry === undefined) continue;
    yield entry;
  }
}

/** What is known of an entry; undefined when it has gone meanwhile. */
function describe(
  store: BackingStore,
  path: string,
  fd: number | undefined,
  backingName: string,
  name: string,
): FindEntry | undefined {
  try {
    return store.findEntry(path, fd, backingName, name);
  } catch (error) {
    // Its name is true all the same; whoever asks for more is told what is wrong.
    return isMissing(error) ? undefined : { name };
  }
}
