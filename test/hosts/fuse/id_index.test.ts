import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashOfNumber, hashOfPlace, IdIndex } from '../../../lib/hosts/fuse/id_index.js';

function idsOf(index: IdIndex, hash: number): number[] {
  const ids: number[] = [];
  for (let at = index.first(hash); at >= 0; at = index.next(at)) ids.push(index.id(at));
  return ids.sort((one, other) => one - other);
}

describe('IdIndex', () => {
  it('finds what was added and not removed, also where hashes are the same or near', () => {
    // Few hashes, the highest among them, so that they run into each other and around the end.
    const hash = fc.constantFrom(0, 1, 2, 3, 62, 63, 64, 127, -1, -2, 0x7fff_ffff, 0x8000_0000);
    const step = fc.record({ hash, id: fc.integer({ min: 1, max: 9 }), add: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const index = new IdIndex();
        const model = new Map<number, number[]>();
        for (const { hash: given, id, add } of steps) {
          const key = given | 0;
          const ids = model.get(key) ?? [];
          model.set(key, ids);
          if (add) {
            index.add(given, id);
            ids.push(id);
          } else {
            index.remove(given, id);
            const at = ids.indexOf(id);
            if (at >= 0) ids.splice(at, 1);
          }
        }
        for (const [key, ids] of model) {
          expect(idsOf(index, key)).toEqual(ids.sort((one, other) => one - other));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('grows with what is in it, and gives the memory back', () => {
    const index = new IdIndex();
    const { capacity } = index;
    for (let id = 1; id <= 100_000; id += 1) index.add(hashOfNumber(id), id);
    expect(index.capacity).toBeLessThanOrEqual(2 ** 18);
    expect(idsOf(index, hashOfNumber(77))).toEqual([77]);
    for (let id = 1; id <= 100_000; id += 1) index.remove(hashOfNumber(id), id);
    expect(index.capacity).toBe(capacity);
    expect(idsOf(index, hashOfNumber(77))).toEqual([]);
  });

  it('is empty when it is cleared', () => {
    const index = new IdIndex();
    const { capacity } = index;
    for (let id = 1; id <= 1_000; id += 1) index.add(id, id);
    index.clear();
    expect(index.capacity).toBe(capacity);
    expect(idsOf(index, 77)).toEqual([]);
  });
});

const LETTERS = Array.from('abcdefghijklmnop');

describe.each<[string, (number: number) => number]>([
  ['names that count', (number) => hashOfPlace(1, 1, `file-${number}`)],
  ['one name in many directories', (number) => hashOfPlace(1, number, 'file')],
  ['letters in many directories', (number) => hashOfPlace(1, number >> 4, LETTERS[number & 15]!)],
  ['numbers in a row', (number) => hashOfNumber(number)],
  ['multiples of a page', (number) => hashOfNumber(number * 4096)],
  ['numbers beyond 32 bits', (number) => hashOfNumber(number * 2 ** 32)],
  ['big numbers in a row', (number) => hashOfNumber(2n ** 63n + BigInt(number))],
  ['big numbers that differ at the top', (number) => hashOfNumber(BigInt(number) << 44n)],
])('hashes of %s', (_what, hash) => {
  it('are spread over their low bits', () => {
    const counts = new Array<number>(4096).fill(0);
    for (let number = 0; number < 4096 * 16; number += 1) {
      const slot = hash(number) & 4095;
      counts[slot] = (counts[slot] ?? 0) + 1;
    }
    // 16 in each on average; chance alone gives about 40 at the most.
    expect(Math.max(...counts)).toBeLessThan(60);
  });
});

describe('hashOfPlace', () => {
  it('is another one for every seed', () => {
    const hashes = [1, 2, 1 << 16].map((seed) => hashOfPlace(seed, 1, 'name') & 0xffff);
    expect(new Set(hashes).size).toBe(3);
  });
});
