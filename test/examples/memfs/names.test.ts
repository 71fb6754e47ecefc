import { describe, expect, it } from 'vitest';
import { byteLength, checkName } from '../../../examples/memfs/names.js';
import { splitStream, streamColon } from '../../../examples/memfs/stream_path.js';
import { failure } from './fake_open.js';

const isWindows = process.platform === 'win32';

describe('checkName', () => {
  it.skipIf(isWindows)('counts bytes of UTF-8, stray bytes as one', () => {
    expect(failure(() => checkName('a'.repeat(255)))).toBeUndefined();
    expect(failure(() => checkName('a'.repeat(256)))).toBe('NAME_TOO_LONG');
    expect(failure(() => checkName('ü'.repeat(127)))).toBeUndefined();
    expect(failure(() => checkName('ü'.repeat(128)))).toBe('NAME_TOO_LONG');
    expect(failure(() => checkName('\udc80'.repeat(255)))).toBeUndefined();
    expect(failure(() => checkName('\udc80'.repeat(256)))).toBe('NAME_TOO_LONG');
    expect(failure(() => checkName('\uf03a'.repeat(255)))).toBeUndefined();
    expect(failure(() => checkName('\uf03a'.repeat(256)))).toBe('NAME_TOO_LONG');
  });

  it.runIf(isWindows)('counts UTF-16 units', () => {
    expect(failure(() => checkName('ü'.repeat(255)))).toBeUndefined();
    expect(failure(() => checkName('ü'.repeat(256)))).toBe('NAME_TOO_LONG');
  });

  it('refuses no name at all', () => {
    expect(failure(() => checkName(''))).toBe('OBJECT_NAME_INVALID');
  });
});

describe('byteLength', () => {
  it('counts pairs, stray bytes and other lone surrogates', () => {
    expect(byteLength('aü€')).toBe(6);
    expect(byteLength('\u{1f600}')).toBe(4);
    // A pair whose second half lies where stray bytes do.
    expect(byteLength('\u{1f480}')).toBe(4);
    expect(byteLength('x\udcffy')).toBe(3);
    expect(byteLength('\udbff')).toBe(3);
  });
});

describe('splitStream', () => {
  const split = (path: string) => splitStream(path, streamColon(path));

  it('looks for a colon in the last component only', () => {
    expect(streamColon('/a:b/c')).toBe(-1);
    expect(streamColon('/a:b/c:d')).toBe(6);
  });

  it('takes the type off', () => {
    expect(split('/d/f:s')).toEqual({ file: '/d/f', stream: 's' });
    expect(split('/d/f:s:$data')).toEqual({ file: '/d/f', stream: 's' });
    expect(split('/d/f::$DATA')).toEqual({ file: '/d/f', stream: '' });
  });

  it.each(['/f:', '/f:s:', '/f:s:$OTHER', '/f:s:$DATA:', '/f::'])('refuses %s', (path) => {
    expect(failure(() => split(path))).toBe('OBJECT_NAME_INVALID');
  });
});
