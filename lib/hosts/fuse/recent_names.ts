/** A power of two: few enough to cost nothing, enough for the names programs use at a time. */
const SLOTS = 1024;

/** Longer names are seldom asked for again soon, and keeping them would take memory. */
const LONGEST = 64;

/**
 * Names the kernel has sent lately: it sends most of them several times, for a look, an open, a
 * removal. Finding the string takes less than making another one, and equal strings that are one
 * are compared at once.
 */
export class RecentNames {
  readonly #names = new Array<string>(SLOTS).fill('');

  /**
   * The text of ASCII bytes.
   * @param hash - of those bytes, in 32 bits
   */
  ascii(bytes: Buffer, start: number, end: number, hash: number): string {
    const slot = (hash ^ (hash >>> 16)) & (SLOTS - 1);
    const known = this.#names[slot];
    if (known !== undefined && isText(known, bytes, start, end)) return known;
    const name = bytes.toString('latin1', start, end);
    if (name.length <= LONGEST) this.#names[slot] = name;
    return name;
  }
}

function isText(text: string, bytes: Buffer, start: number, end: number): boolean {
  const { length } = text;
  if (length !== end - start) return false;
  for (let at = 0; at < length; at += 1) {
    if (text.charCodeAt(at) !== bytes[start + at]) return false;
  }
  return true;
}
