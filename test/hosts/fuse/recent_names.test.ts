import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentNames } from '../../../lib/hosts/fuse/recent_names.js';

describe('RecentNames', () => {
  it('give the text of the bytes, whatever had their hash before', () => {
    const hash = fc.integer({ min: -4, max: 4 });
    const name = fc.string({ maxLength: 4 });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, hash)), (asked) => {
        const names = new RecentNames();
        for (const [text, number] of asked) {
          const bytes = Buffer.from(`<${text}>`, 'latin1');
          expect(names.ascii(bytes, 1, 1 + text.length, number)).toBe(text);
        }
      }),
    );
  });

  it('make no second string of a name', () => {
    const names = new RecentNames();
    const bytes = Buffer.from('name');
    expect(names.ascii(bytes, 0, 4, 7)).toBe('name');
    const toString = bytes.toString.bind(bytes);
    let made = 0;
    bytes.toString = (...given: Parameters<typeof toString>) => {
      made += 1;
      return toString(...given);
    };
    expect(names.ascii(bytes, 0, 4, 7)).toBe('name');
    expect(made).toBe(0);
    expect(names.ascii(bytes, 0, 3, 7)).toBe('nam');
    expect(made).toBe(1);
  });

  it('do not keep long names', () => {
    const names = new RecentNames();
    const bytes = Buffer.alloc(255, 'x');
    let made = 0;
    const toString = bytes.toString.bind(bytes);
    bytes.toString = (...given: Parameters<typeof toString>) => {
      made += 1;
      return toString(...given);
    };
    names.ascii(bytes, 0, 255, 7);
    names.ascii(bytes, 0, 255, 7);
    expect(made).toBe(2);
  });
});
