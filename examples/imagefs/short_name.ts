/** The name every file has: 8 bytes and an extension of 3, in capitals, filled up with spaces. */

/** Bits of a record's case byte, as Windows NT sets them: part of the name is in small letters. */
const SMALL_BASE = 0x08;
const SMALL_EXTENSION = 0x10;

const BASE = 8;
const EXTENSION = 3;
export const SHORT_LENGTH = BASE + EXTENSION;

/** Codes 128 to 255 of code page 437, which short names are in unless it was agreed otherwise. */
const HIGH_HALF =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌' +
  '█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/** What the first byte 0xE5, which marks a record as free, is written as. */
const KANJI_E5 = 0x05;

const ALLOWED = /^[A-Z0-9$%'\-_@~`!(){}^#&]$/;
/** A name that needs no long one beside it: each part all in capitals or all in small letters. */
const PLAIN =
  /^([A-Z0-9$%'\-_@~`!(){}^#&]{1,8}|[a-z0-9$%'\-_@~`!(){}^#&]{1,8})(?:\.([A-Z0-9$%'\-_@~`!(){}^#&]{1,3}|[a-z0-9$%'\-_@~`!(){}^#&]{1,3}))?$/;

export interface ShortName {
  readonly bytes: Buffer;
  readonly caseBits: number;
}

/** The short name of a file that can do without a long one; undefined when it cannot. */
export function plainShortName(name: string): ShortName | undefined {
  const [, base, extension = ''] = PLAIN.exec(name) ?? [];
  if (base === undefined) return undefined;
  const small = (part: string, bit: number): number => (part === part.toUpperCase() ? 0 : bit);
  return {
    bytes: pack(base.toUpperCase(), extension.toUpperCase()),
    caseBits: small(base, SMALL_BASE) | small(extension, SMALL_EXTENSION),
  };
}

/**
 * Short names for a file with a long one, best first; there is always one more.
 * @param name - the long name
 */
export function* aliases(name: string): Generator<Buffer, never, undefined> {
  const dot = name.lastIndexOf('.');
  const hasExtension = dot > 0 && /[^.]/.test(name.slice(0, dot));
  const base = simplify(hasExtension ? name.slice(0, dot) : name);
  const extension = simplify(hasExtension ? name.slice(dot + 1) : '');
  const short = extension.text.slice(0, EXTENSION);
  const isWhole =
    base.text.length <= BASE && extension.text.length <= EXTENSION && base.text !== '';
  if (isWhole && !base.isChanged && !extension.isChanged) yield pack(base.text, short);
  for (let number = 1; number <= 4; number += 1) yield pack(numbered(base.text, number), short);
  // As Windows does: so that hundreds of names with one beginning are not all tried.
  const mixed = base.text.slice(0, 2) + hash(name);
  for (let number = 1; ; number += 1) yield pack(numbered(mixed, number), short);
}

/** A short name as people see it. @param caseBits - 0: in capitals, as it is found by */
export function showShortName(bytes: Buffer, caseBits = 0): string {
  const base = decode(bytes.subarray(0, BASE), true);
  const extension = decode(bytes.subarray(BASE, SHORT_LENGTH), false);
  const left = caseBits & SMALL_BASE ? base.toLowerCase() : base;
  const right = caseBits & SMALL_EXTENSION ? extension.toLowerCase() : extension;
  return right === '' ? left : `${left}.${right}`;
}

function decode(bytes: Buffer, isBase: boolean): string {
  let text = '';
  bytes.forEach((byte, index) => {
    const code = isBase && index === 0 && byte === KANJI_E5 ? 0xe5 : byte;
    text += code < 128 ? String.fromCharCode(code) : HIGH_HALF.charAt(code - 128);
  });
  // A slash or a zero is in no name of ours; the kernel must not be told of one.
  return text.trimEnd().replace(/[/\0]/g, '_');
}

function pack(base: string, extension: string): Buffer {
  return Buffer.from(base.padEnd(BASE) + extension.padEnd(EXTENSION), 'latin1');
}

interface Simplified {
  readonly text: string;
  /** Something other than the case was lost. */
  readonly isChanged: boolean;
}

function simplify(part: string): Simplified {
  const kept = part.replace(/[. ]/g, '');
  let isChanged = kept.length !== part.length;
  let text = '';
  for (const character of kept) {
    const upper = character.toUpperCase();
    const isAllowed = ALLOWED.test(upper);
    text += isAllowed ? upper : '_';
    isChanged ||= !isAllowed;
  }
  return { text, isChanged };
}

function numbered(base: string, number: number): string {
  const tail = `~${String(number)}`;
  return base.slice(0, BASE - tail.length) + tail;
}

function hash(name: string): string {
  let value = 0;
  for (let index = 0; index < name.length; index += 1) {
    value = (value * 37 + name.charCodeAt(index)) & 0xffff;
  }
  return value.toString(16).toUpperCase().padStart(4, '0');
}
