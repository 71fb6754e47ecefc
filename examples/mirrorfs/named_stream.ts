import { DokanError, NtStatus, type FileContext } from 'node-dokan';
import type { ExtendedAttributes } from './backing_store.js';
import { isMissing } from './failure.js';

/** What Linux takes as the value of an attribute (XATTR_SIZE_MAX); most file systems take less. */
const LONGEST_VALUE = 65536;

/** An alternate stream, kept as an extended attribute of its file: read and written as a whole. */
export class NamedStream {
  readonly #attributes: ExtendedAttributes;
  readonly #path: string;
  readonly #name: string;

  /** @param path - of the file, in the backing store */
  constructor(attributes: ExtendedAttributes, path: string, name: string) {
    this.#attributes = attributes;
    this.#path = path;
    this.#name = name;
  }

  exists(): boolean {
    try {
      this.#value();
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  get size(): number {
    return this.#value().length;
  }

  read(buffer: Buffer, offset: number): number {
    const value = this.#value().subarray(offset, offset + buffer.length);
    buffer.set(value);
    return value.length;
  }

  write(data: Buffer, offset: number, file: FileContext): number {
    const value = this.#value();
    const start = file.writeToEndOfFile ? value.length : offset;
    this.#store(resized(value, Math.max(value.length, start + data.length), data, start));
    return data.length;
  }

  /** Makes it `length` bytes long, and makes it when it is not there. */
  resize(length: number): void {
    const value = this.exists() ? this.#value() : undefined;
    if (value?.length !== length) this.#store(resized(value ?? new Uint8Array(), length));
  }

  remove(): void {
    this.#attributes.remove(this.#path, this.#name);
  }

  #value(): Uint8Array {
    return this.#attributes.get(this.#path, this.#name);
  }

  #store(value: Uint8Array): void {
    this.#attributes.set(this.#path, this.#name, value);
  }
}

function resized(value: Uint8Array, length: number, data?: Buffer, offset = 0): Uint8Array {
  if (length > LONGEST_VALUE) throw new DokanError(NtStatus.DISK_FULL);
  const result = new Uint8Array(length);
  result.set(value.subarray(0, length));
  if (data !== undefined) result.set(data, offset);
  return result;
}
