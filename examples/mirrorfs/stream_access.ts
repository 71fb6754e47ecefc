import { closeSync } from 'node:fs';
import {
  CreateDisposition,
  CreateOptions,
  DokanError,
  FileAttributes,
  NtStatus,
  type CreateFileRequest,
  type CreateResult,
  type FileInformation,
  type Requestor,
  type StreamEntry,
} from 'node-dokan';
import type { BackingStore, ExtendedAttributes } from './backing_store.js';
import type { NameMapping } from './name_mapping.js';
import { NamedStream } from './named_stream.js';
import { openFile } from './open_file.js';
import { splitStream } from './stream_path.js';

/** An open of a stream. */
export interface OpenedStream {
  readonly result: CreateResult;
  readonly stream: NamedStream;
}

/** The streams of files, where these keep extended attributes instead. */
export class StreamAccess {
  readonly #store: BackingStore;
  readonly #attributes: ExtendedAttributes;
  readonly #names: NameMapping;

  constructor(store: BackingStore, attributes: ExtendedAttributes, names: NameMapping) {
    this.#store = store;
    this.#attributes = attributes;
    this.#names = names;
  }

  /** The backing path of the file that `path` names, or of the stream's file. */
  fileOf(path: string): string {
    return this.#names.toBacking(splitStream(path)?.file ?? path);
  }

  /** Opens or makes a stream; undefined when `path` names none. */
  open(
    path: string,
    request: CreateFileRequest,
    owner: Requestor | undefined,
  ): OpenedStream | undefined {
    const split = splitStream(path);
    if (split === undefined || split.stream === '') return undefined;
    if ((request.createOptions & CreateOptions.DIRECTORY_FILE) !== 0) {
      throw new DokanError(NtStatus.NOT_A_DIRECTORY);
    }
    const file = this.#names.toBacking(split.file);
    this.#requireFile(file, request, owner);
    const stream = this.#stream(file, split.stream);
    return { stream, result: openStream(stream, request.createDisposition) };
  }

  /** Describes a stream: it is the file, but for the size. Undefined when `path` names none. */
  inspect(path: string): FileInformation | undefined {
    const split = splitStream(path);
    if (split === undefined) return undefined;
    const file = this.#names.toBacking(split.file);
    const information = this.#store.inspect(file);
    if (split.stream === '') return information;
    const { attributes = 0 } = information;
    const asFile = attributes & ~FileAttributes.DIRECTORY;
    const { size } = this.#stream(file, split.stream);
    return { ...information, attributes: asFile || FileAttributes.NORMAL, size };
  }

  /** @param path - of the file, in the backing store */
  *list(path: string, { attributes = 0, size = 0 }: FileInformation): Generator<StreamEntry> {
    if ((attributes & FileAttributes.DIRECTORY) === 0) yield { name: '', size };
    for (const backingName of this.#attributes.list(path)) {
      const name = this.#names.toVolumeName(backingName);
      // A slash cannot be in the name of a stream: whatever wrote such an attribute keeps it.
      if (name === undefined || name === '' || name.includes('/')) continue;
      yield { name, size: this.#attributes.get(path, backingName).length };
    }
  }

  /** A stream is made together with its file where there is none. */
  #requireFile(path: string, request: CreateFileRequest, owner: Requestor | undefined): void {
    const { OPEN, OVERWRITE, OPEN_IF } = CreateDisposition;
    const mustExist = [OPEN, OVERWRITE].some((one) => one === request.createDisposition);
    if (mustExist) {
      this.#store.inspect(path);
      return;
    }
    const forAttributes = {
      ...request,
      desiredAccess: 0,
      createDisposition: OPEN_IF,
      createOptions: 0,
    };
    const { fd } = openFile({ store: this.#store, path, request: forAttributes, owner });
    if (fd !== undefined) closeSync(fd);
  }

  #stream(path: string, name: string): NamedStream {
    return new NamedStream(this.#attributes, path, this.#names.toBackingName(name));
  }
}

function openStream(stream: NamedStream, disposition: CreateDisposition): CreateResult {
  const exists = stream.exists();
  switch (disposition) {
    case CreateDisposition.CREATE:
      if (exists) throw new DokanError(NtStatus.OBJECT_NAME_COLLISION);
      break;
    case CreateDisposition.OPEN:
    case CreateDisposition.OVERWRITE:
      if (!exists) throw new DokanError(NtStatus.OBJECT_NAME_NOT_FOUND);
      break;
  }
  const keep = disposition === CreateDisposition.OPEN || disposition === CreateDisposition.OPEN_IF;
  if (exists && keep) return 'opened';
  stream.resize(0);
  if (!exists) return 'created';
  return disposition === CreateDisposition.SUPERSEDE ? 'superseded' : 'overwritten';
}
