import { describe, expect, it } from 'vitest';
import { encodeLongName, LongNameReader } from '../../../examples/imagefs/long_name.js';
import { checkName } from '../../../examples/imagefs/names.js';
import { aliases, plainShortName, showShortName } from '../../../examples/imagefs/short_name.js';
import { failure } from './scene.js';

describe('checkName', () => {
  it.each(['a', '.git', 'a b', 'ünï 😀', 'x+y=[z];,', 'é'.repeat(255), ' leading'])(
    'takes %s',
    (name) => {
      expect(failure(() => checkName(name))).toBeUndefined();
    },
  );

  it.each([
    '',
    '.',
    '..',
    'a.',
    'a ',
    'a:b',
    'a/b',
    'a\\b',
    'a?',
    '"',
    'a\0',
    'a\nb',
    '\ud800',
    '\udc80',
  ])('refuses %j', (name) => {
    expect(failure(() => checkName(name))).toBe('OBJECT_NAME_INVALID');
  });

  it('counts UTF-16 units', () => {
    expect(failure(() => checkName('a'.repeat(256)))).toBe('NAME_TOO_LONG');
    expect(failure(() => checkName('😀'.repeat(128)))).toBe('NAME_TOO_LONG');
  });
});

describe('short names', () => {
  it.each([
    ['README.TXT', 'README  TXT', 0],
    ['readme.txt', 'README  TXT', 0x18],
    ['readme.TXT', 'README  TXT', 0x08],
    ['README.txt', 'README  TXT', 0x10],
    ['a', 'A          ', 0x08],
    ['$%-_@~`!', '$%-_@~`!   ', 0],
  ])('%s is one, of small letters or capitals', (name, bytes, caseBits) => {
    const short = plainShortName(name);
    expect(short?.bytes.toString('latin1')).toBe(bytes);
    expect(short?.caseBits).toBe(caseBits);
    expect(showShortName(short!.bytes, caseBits)).toBe(name);
  });

  it.each(['ReadMe.txt', 'too long name', 'a.html', 'a.b.c', '.git', 'ä', 'a+b', 'a b', 'A.'])(
    '%s is none',
    (name) => {
      expect(plainShortName(name)).toBeUndefined();
    },
  );

  const first = (name: string, count: number): string[] => {
    const found: string[] = [];
    const each = aliases(name);
    while (found.length < count) found.push(each.next().value.toString('latin1'));
    return found;
  };

  it('are made of long ones, as Windows makes them', () => {
    expect(first('ReadMe.txt', 2)).toEqual(['README  TXT', 'README~1TXT']);
    expect(first('A long name.html', 2)).toEqual(['ALONGN~1HTM', 'ALONGN~2HTM']);
    expect(first('.gitignore', 1)).toEqual(['GITIGN~1   ']);
    expect(first('two.dots.gz', 1)).toEqual(['TWODOT~1GZ ']);
    expect(first('日本', 1)).toEqual(['__~1       ']);
  });

  it('never run out', () => {
    const many = first('A long name.html', 3000);
    expect(new Set(many).size).toBe(many.length);
    expect(many.every((name) => name.length === 11)).toBe(true);
  });

  it('are read in code page 437', () => {
    expect(showShortName(Buffer.from('\x81BER    TXT', 'latin1'))).toBe('üBER.TXT');
    expect(showShortName(Buffer.from('\x05BER    TXT', 'latin1'))).toBe('σBER.TXT');
    expect(showShortName(Buffer.from('A/B     TXT', 'latin1'))).toBe('A_B.TXT');
  });
});

describe('long names', () => {
  const short = Buffer.from('ALONGN~1HTM');

  const read = (bytes: Buffer, name = short): string | undefined => {
    const reader = new LongNameReader();
    for (let at = 0; at < bytes.length; at += 32) reader.add(bytes.subarray(at, at + 32));
    return reader.take(name);
  };

  it.each([1, 12, 13, 14, 26, 255])('of %i units come back', (length) => {
    const name = 'é日'.repeat(128).slice(0, length);
    const bytes = encodeLongName(name, short);
    expect(bytes.length).toBe(Math.ceil(length / 13) * 32);
    expect(read(bytes)).toBe(name);
  });

  it('are none where a part is missing, or belongs to another file', () => {
    const bytes = encodeLongName('a name with several parts, of 13 units', short);
    expect(read(bytes.subarray(32))).toBeUndefined();
    expect(read(bytes.subarray(0, 32))).toBeUndefined();
    expect(read(bytes, Buffer.from('OTHER   TXT'))).toBeUndefined();
    // By the specification a name has at most 20 parts, and 255 units.
    expect(read(encodeLongName('x'.repeat(255), short))).toBe('x'.repeat(255));
    expect(read(encodeLongName('x'.repeat(256), short))).toBeUndefined();
    expect(read(encodeLongName('x'.repeat(261), short))).toBeUndefined();
    const mixed = Buffer.concat([bytes.subarray(0, 32), bytes.subarray(64)]);
    expect(read(mixed)).toBeUndefined();
  });
});
