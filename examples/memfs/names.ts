import { DokanError, NtStatus } from 'node-dokan';

const MAXIMUM_LENGTH = 255;
const UTF8_BYTES_AT_MOST = 3;

// U+DC80..DCFF without a high surrogate before it stands for a byte that is not UTF-8.
const LONE_BYTE = /(?<![\uD800-\uDBFF])[\uDC80-\uDCFF]/g;

/** What a colon of a Linux name comes as, where a colon introduces a stream. */
const MAPPED_COLON = '\uf03a';

/** Bytes of a name or link target on Linux. */
export function byteLength(text: string): number {
  const strayBytes = text.match(LONE_BYTE)?.length ?? 0;
  // Node writes a lone surrogate as U+FFFD, which has three bytes.
  return Buffer.byteLength(text) - 2 * strayBytes;
}

function isTooLong(name: string): boolean {
  if (name.length * UTF8_BYTES_AT_MOST <= MAXIMUM_LENGTH) return false;
  const length =
    process.platform === 'win32' ? name.length : byteLength(name.replaceAll(MAPPED_COLON, ':'));
  return length > MAXIMUM_LENGTH;
}

/** @throws DokanError NAME_TOO_LONG, OBJECT_NAME_INVALID */
export function checkName(name: string): void {
  if (name === '') throw new DokanError(NtStatus.OBJECT_NAME_INVALID);
  if (isTooLong(name)) throw new DokanError(NtStatus.NAME_TOO_LONG);
}

/** What a name is found by. Two names with one key are one name. */
export type KeyOf = (name: string) => string;

export function exactKey(name: string): string {
  return name;
}
