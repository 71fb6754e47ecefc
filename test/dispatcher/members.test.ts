import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Members, type Member } from '../../lib/members.js';

const item = (): Member => ({ position: -1 });

describe('Members', () => {
  it('does as a set does, and shows its size', () => {
    const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(9)), { maxLength: 100 });
    fc.assert(
      fc.property(steps, (choices) => {
        const items = Array.from({ length: 10 }, item);
        const count = new Float64Array(1);
        const list = new Members<Member>(count);
        const model = new Set<Member>();
        for (const [adds, at] of choices) {
          const chosen = items[at]!;
          if (adds) {
            list.add(chosen);
            model.add(chosen);
          } else {
            list.delete(chosen);
            model.delete(chosen);
          }
          expect(list.size).toBe(model.size);
          expect(count[0]).toBe(model.size);
        }
        expect(new Set(list.all())).toEqual(model);
        expect(list.all()).toHaveLength(model.size);
        for (const one of items) {
          expect(list.find((other) => other === one)).toBe(model.has(one) ? one : undefined);
        }
      }),
    );
  });

  it('may be emptied by whoever goes through it', () => {
    const list = new Members<Member>(new Float64Array(1));
    for (let number = 0; number < 5; number += 1) list.add(item());
    let seen = 0;
    for (const one of list.all()) {
      list.delete(one);
      seen += 1;
    }
    expect(seen).toBe(5);
    expect(list.size).toBe(0);
  });
});
