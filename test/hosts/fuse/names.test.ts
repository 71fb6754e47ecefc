import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBytes, encodeText, NameCodec } from '../../../lib/hosts/fuse/names.js';

const plain = new NameCodec(false);
const streams = new NameCodec(true);

/** Any name the kernel may send. */
const kernelName = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0 && byte !== 0x2f)))
  .filter((bytes) => bytes.length > 0);

/** Bytes that are nearly UTF-8. */
const nearlyUtf8 = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 2 }).map((text) => Buffer.from(text)),
      fc.constantFrom([0xed, 0xb2, 0x80], [0xc0, 0xaf], [0xf0, 0x9f, 0x98], [0xe2, 0x82], [0xff]),
    ),
    { minLength: 1 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part))))
  .filter((bytes) => !bytes.includes(0) && !bytes.includes(0x2f));

describe('bytes of the kernel', () => {
  it('survive the way to a string and back, whatever they are', () => {
    fc.assert(
      fc.property(fc.oneof(kernelName, nearlyUtf8), (bytes) => {
        const text = decodeBytes(bytes);
        expect(encodeText(text)).toEqual(bytes);
        expect(text).not.toMatch(/[\0/]/);
      }),
      { numRuns: 3_000 },
    );
  });

  it('give different strings for different names', () => {
    fc.assert(
      fc.property(nearlyUtf8, nearlyUtf8, (one, other) => {
        expect(decodeBytes(one) === decodeBytes(other)).toBe(one.equals(other));
      }),
    );
  });

  it.each<[string, number[], string]>([
    ['ASCII', [0x61, 0x62], 'ab'],
    ['two bytes', [0xc3, 0xa9], 'é'],
    ['a character beyond 16 bits', [0xf0, 0x9f, 0x98, 0x80], '\u{1f600}'],
    ['a byte-order mark', [0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
    ['a lone Latin-1 byte', [0x61, 0xe9, 0x62], 'a\udce9b'],
    ['a sequence that breaks off', [0xf0, 0x9f, 0x98], '\udcf0\udc9f\udc98'],
    ['an overlong slash', [0xc0, 0xaf], '\udcc0\udcaf'],
    ['a surrogate in UTF-8', [0xed, 0xb2, 0x80], '\udced\udcb2\udc80'],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80], '\udcf4\udc90\udc80\udc80'],
    ['wrong after a pair', [0xf0, 0x9f, 0x98, 0x80, 0x80], '\u{1f600}\udc80'],
  ])('%s', (_what, bytes, text) => {
    expect(decodeBytes(Buffer.from(bytes))).toBe(text);
    expect(encodeText(text)).toEqual(Buffer.from(bytes));
  });
});

describe('strings of the file system', () => {
  it.each([
    ['a high surrogate', '\ud800'],
    ['a low surrogate that stands for no byte', '\udc7f'],
    ['one that would stand for ASCII', '\udc41'],
    ['a pair the wrong way round', '\ude00\ud83d'],
    ['escapes that together are a character', '\udcc3\udca9'],
    ['escapes that together are a character, in a name', 'x\udcf0\udc9f\udc98\udc80y'],
  ])('are refused: %s', (_what, text) => {
    expect(encodeText(text)).toBeUndefined();
  });

  it('come back, or are refused', () => {
    const anyText = fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) });
    fc.assert(
      fc.property(anyText, (text) => {
        const bytes = encodeText(text);
        if (bytes !== undefined) expect(decodeBytes(bytes)).toBe(text);
        else expect(text).toMatch(/\p{Surrogate}/u);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('NameCodec', () => {
  it('hands names through without streams', () => {
    expect(plain.decode(Buffer.from('a:b'))).toBe('a:b');
    expect(plain.decode(Buffer.from('\uf03a'))).toBe('\uf03a');
    expect(plain.encode('a:b')).toEqual(Buffer.from('a:b'));
    expect(plain.encode('\uf03a')).toEqual(Buffer.from('\uf03a'));
  });

  it('hides colons where they would introduce a stream', () => {
    expect(streams.decode(Buffer.from('a:b:c'))).toBe('a\uf03ab\uf03ac');
    expect(streams.encode('a\uf03ab\uf03ac')).toEqual(Buffer.from('a:b:c'));
    expect(() => streams.decode(Buffer.from('a\uf03ab'))).toThrow('errno 84');
    expect(streams.encode('a:b')).toBeUndefined();
  });

  it('gives every name of the kernel back, or refuses it, with and without streams', () => {
    fc.assert(
      fc.property(fc.oneof(kernelName, nearlyUtf8), fc.boolean(), (bytes, hasStreams) => {
        const codec = hasStreams ? streams : plain;
        if (hasStreams && bytes.includes('\uf03a')) {
          expect(() => codec.decode(bytes)).toThrow('errno 84');
          return;
        }
        const name = codec.decode(bytes);
        expect(codec.encode(name)).toEqual(bytes);
        if (hasStreams) expect(name).not.toContain(':');
      }),
      { numRuns: 2_000 },
    );
  });

  it('writes what it encodes, and nothing before or behind it', () => {
    const name = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom('a:b', '\uf03a'),
    );
    fc.assert(
      fc.property(name, fc.boolean(), (text, hasStreams) => {
        const codec = hasStreams ? streams : plain;
        const bytes = Buffer.alloc(512, 0xee);
        const length = codec.write(text, bytes, 7);
        const encoded = codec.encode(text);
        expect(length).toBe(encoded?.length ?? -1);
        if (encoded === undefined) return;
        const rest = Buffer.alloc(512 - 7 - length, 0xee);
        expect(bytes).toEqual(Buffer.concat([Buffer.alloc(7, 0xee), encoded, rest]));
      }),
      { numRuns: 2_000 },
    );
  });

  it('refuses names of more than 1024 bytes', () => {
    expect(plain.write('x'.repeat(1025), Buffer.alloc(2048), 0)).toBe(-1);
    expect(plain.write('é'.repeat(513), Buffer.alloc(2048), 0)).toBe(-1);
    expect(plain.encode('x'.repeat(1024))).toHaveLength(1024);
    expect(plain.encode('x'.repeat(1025))).toBeUndefined();
    expect(plain.encode('é'.repeat(512))).toHaveLength(1024);
    expect(plain.encode('é'.repeat(513))).toBeUndefined();
    // A hidden colon is one byte for the kernel, not three.
    expect(streams.encode('\uf03a'.repeat(1024))).toHaveLength(1024);
  });
});
