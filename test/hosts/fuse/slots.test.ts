import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Slots } from '../../../lib/hosts/fuse/slots.js';

interface Named {
  readonly name: string;
}

describe('Slots', () => {
  it('agree with a map, whatever is added and removed', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -40, max: 40 }), { maxLength: 30 }), (bursts) => {
        const slots = new Slots<Named>();
        const model = new Map<number, Named>();
        for (const burst of bursts) {
          // Adds so many times ten, or removes them: the oldest, or what has the number, if anything.
          for (let turn = 0; turn < Math.abs(burst) * 10; turn += 1) {
            if (burst > 0) {
              const value = { name: `${turn}` };
              const { next } = slots;
              expect(slots.add(value)).toBe(next);
              expect(model.has(next)).toBe(false);
              model.set(next, value);
            } else {
              const number = turn % 2 === 0 ? model.keys().next().value : slots.size;
              if (number === undefined) break;
              expect(slots.remove(number)).toBe(model.get(number));
              model.delete(number);
              expect(slots.remove(number)).toBeUndefined();
            }
          }
          expect(slots.size).toBe(model.size);
          const inOrder = [...model].sort(([one], [other]) => one - other);
          expect([...slots]).toEqual(inOrder.map(([, value]) => value));
          for (const [number, value] of model) expect(slots.get(number)).toBe(value);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('count from 1', () => {
    const slots = new Slots<Named>();
    expect(slots.get(0)).toBeUndefined();
    expect(slots.remove(0)).toBeUndefined();
    expect(slots.add({ name: 'one' })).toBe(1);
  });

  it('start over with small numbers when all that were many are gone', () => {
    const slots = new Slots<Named>();
    for (let turn = 0; turn < 100_000; turn += 1) slots.add({ name: 'same' });
    // From the first on, so that the last in use is the highest until the end.
    for (let number = 1; number <= 100_000; number += 1) slots.remove(number);
    expect(slots.size).toBe(0);
    expect(slots.next).toBe(1);
  });

  it('may be removed while they are gone through', () => {
    const slots = new Slots<Named>();
    for (let turn = 1; turn <= 1_000; turn += 1) slots.add({ name: `${turn}` });
    const seen: string[] = [];
    for (const { name } of slots) {
      seen.push(name);
      slots.remove(Number(name));
    }
    expect(seen).toHaveLength(1_000);
    expect(slots.size).toBe(0);
  });
});
