import { expect, it } from 'vitest';
import { parseByteSize } from '../../../examples/memfs/byte_size.js';

it.each([
  ['0', 0],
  ['4096', 4096],
  ['64k', 65_536],
  ['512M', 2 ** 29],
  ['1.5GiB', 1.5 * 2 ** 30],
  ['2 TB', 2 ** 41],
  ['-1', undefined],
  ['1X', undefined],
  ['', undefined],
  ['1e9', undefined],
  ['99999999T', undefined],
])('reads %j as %s', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});
