import { isUtf8 } from 'node:buffer';
import { fuseError } from './fuse_error.js';
import { Errno } from './protocol.js';

/** Lone surrogates U+DC80 to U+DCFF stand for bytes that are not UTF-8. */
const ESCAPED_BYTE = 0xdc00;

/** Where a name may hold a stream, a colon of a Linux name travels as this, as on WSL and Cygwin. */
const MAPPED_COLON = '\uf03a';

const COLON = 0x3a;

/** The longest name the kernel takes in a listing (FUSE_NAME_MAX). */
export const NAME_MAX = 1024;

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Bytes of the kernel as a string, so that every name survives the way there and back. */
export function decodeBytes(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : decodeEscaped(bytes);
}

function decodeEscaped(bytes: Buffer): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(ESCAPED_BYTE + (bytes[at] ?? 0));
      at += 1;
    } else {
      text += bytes.toString('utf8', at, at + length);
      at += length;
    }
  }
  return text;
}

/** Length of the valid UTF-8 sequence at `at`, 0 when there is none. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  return length > 0 && at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length))
    ? length
    : 0;
}

/** The bytes of a string; `undefined` when no bytes would be read as this string. */
export function encodeText(text: string): Buffer | undefined {
  return LONE_SURROGATE.test(text) ? encodeEscaped(text) : Buffer.from(text, 'utf8');
}

function encodeEscaped(text: string): Buffer | undefined {
  const parts: Buffer[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code >= ESCAPED_BYTE + 0x80 && code <= ESCAPED_BYTE + 0xff) {
      parts.push(Buffer.of(code - ESCAPED_BYTE));
    } else if (code >= 0xd800 && code <= 0xdfff) {
      return undefined;
    } else {
      parts.push(Buffer.from(character, 'utf8'));
    }
  }
  const bytes = Buffer.concat(parts);
  // Bytes that are valid UTF-8 when they stand together would come back as something else.
  return decodeBytes(bytes) === text ? bytes : undefined;
}

/** Names between kernel and file system, with or without streams. */
export class NameCodec {
  readonly #streams: boolean;

  /** @param streams - a colon in a path introduces a stream, so names must not hold one */
  constructor(streams: boolean) {
    this.#streams = streams;
  }

  /** A name of the kernel. @throws FuseError EILSEQ for a name that could not come back */
  decode(bytes: Buffer): string {
    return this.fromKernel(decodeBytes(bytes));
  }

  /** As `decode`, of what `decodeBytes` makes of the bytes. */
  fromKernel(name: string): string {
    if (!this.#streams) return name;
    if (name.includes(MAPPED_COLON)) throw fuseError(Errno.EILSEQ);
    return name.includes(':') ? name.replaceAll(':', MAPPED_COLON) : name;
  }

  /**
   * Writes a name of the file system to `bytes`, where there must be room for NAME_MAX of them.
   * @returns how many bytes it takes, -1 when the kernel could not take it
   */
  write(name: string, bytes: Buffer, at: number): number {
    const { length } = name;
    if (length > NAME_MAX) return -1;
    for (let index = 0; index < length; index += 1) {
      const code = name.charCodeAt(index);
      // Anything but plain ASCII is rare enough to be begun anew.
      if (code >= 0x80 || code === COLON) return this.#writeEncoded(name, bytes, at);
      bytes[at + index] = code;
    }
    return length;
  }

  /**
   * Writes names of the file system, joined, to the beginning of `bytes`, where there must be room
   * for a few bytes more than they have characters.
   * @returns false when they are not plain ASCII, or cannot be taken: nothing is to be made of it
   */
  writePlain(names: string, bytes: Buffer): boolean {
    if (this.#streams && names.includes(':')) return false;
    return bytes.write(names, 'utf8') === names.length;
  }

  #writeEncoded(name: string, bytes: Buffer, at: number): number {
    const encoded = this.encode(name);
    if (encoded === undefined) return -1;
    bytes.set(encoded, at);
    return encoded.length;
  }

  /** A name of the file system; `undefined` when the kernel could not take it. */
  encode(name: string): Buffer | undefined {
    // A name with a real colon would come back as the path of a stream.
    if (this.#streams && name.includes(':')) return undefined;
    const bytes = encodeText(this.#streams ? name.replaceAll(MAPPED_COLON, ':') : name);
    return bytes !== undefined && bytes.length <= NAME_MAX ? bytes : undefined;
  }
}
