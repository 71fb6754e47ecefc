import { isUtf8 } from 'node:buffer';

/** Added to a byte that is no UTF-8, as everywhere in node-dokan: a lone surrogate U+DC80..U+DCFF. */
const ESCAPE = 0xdc00;

/** Bytes as a string that turns back into the same bytes. */
export function bytesToString(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  // Escaping every byte that is not ASCII, also where a few of them would make a character, is
  // not pretty to look at but comes back right.
  return buffer
    .toString('latin1')
    .replace(/[\x80-\xff]/g, (byte) => String.fromCharCode(ESCAPE + byte.charCodeAt(0)));
}
