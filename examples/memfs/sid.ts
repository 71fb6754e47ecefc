/** Well-known SIDs ([MS-DTYP] 2.4.2.4), in the binary form of 2.4.2.2. */

const REVISION = 1;

function sid(authority: number, ...subAuthorities: number[]): Buffer {
  const buffer = Buffer.alloc(8 + 4 * subAuthorities.length);
  buffer[0] = REVISION;
  buffer[1] = subAuthorities.length;
  // The one number in a security descriptor that is big-endian.
  buffer.writeUIntBE(authority, 2, 6);
  subAuthorities.forEach((value, index) => buffer.writeUInt32LE(value, 8 + 4 * index));
  return buffer;
}

/** S-1-1-0 */
export const EVERYONE = sid(1, 0);
/** S-1-5-32-544 */
export const ADMINISTRATORS = sid(5, 32, 544);
