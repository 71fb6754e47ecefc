import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, matchesPattern, upcaseUnit } from '../lib/wildcards.js';

/** [expression, name, answer, case ignored (true where the row does not say)] */
type Row = [expression: string, name: string, answer: boolean, ignoreCase?: boolean];

const recorded = JSON.parse(
  readFileSync(new URL('./data/wildcards.json', import.meta.url), 'utf8'),
) as Row[];

/** Where Dokan's matcher breaks the rules of FsRtlIsNameInExpression, and we do not. */
const differences: { reason: string; rows: [expression: string, name: string, ours: boolean][] }[] =
  [
    {
      reason: 'an empty name matches only the empty pattern',
      rows: [
        ['*', '', false],
        ['<', '', false],
        ['<"*', '', false],
      ],
    },
    {
      reason: 'DOS_STAR at the end of the pattern matches the rest: `dir *.` lists abc',
      rows: [
        ['<', 'abc', true],
        ['<', 'a', true],
        ['<', 'ab', true],
        ['<', 'ABCD', true],
      ],
    },
    {
      reason: 'DOS_STAR takes the last dot too, when the name ends there',
      rows: [['<', 'abc.', true]],
    },
    {
      reason: 'DOS_QM matches nothing at the end of the name: `dir ab??` lists ab and abc',
      rows: [
        ['a>', 'a', true],
        ['ab>>', 'ab', true],
        ['ab>>', 'abc', true],
        ['>>>>', 'abc', true],
        ['>>>>', 'a', true],
        ['>>>>', 'ab', true],
      ],
    },
    {
      reason: 'DOS_QM at the end of the pattern takes the dot that ends the name',
      rows: [
        ['ab>>', 'abc.', true],
        ['>>>>', 'abc.', true],
      ],
    },
    {
      reason: 'DOS_DOT matches nothing only beyond the end of the name',
      rows: [['a"b', 'ab', false]],
    },
  ];

describe("Dokan's recorded answers", () => {
  const key = (expression: string, name: string): string => JSON.stringify([expression, name]);
  const ours = new Map(
    differences.flatMap(({ rows }) => rows.map(([e, n, answer]) => [key(e, n), answer] as const)),
  );

  it('are there', () => expect(recorded.length).toBeGreaterThan(200));

  it.each(recorded)('%j on %j (recorded: %j)', (expression, name, answer, ignoreCase = true) => {
    expect(matchesPattern(expression, name, ignoreCase)).toBe(
      ours.get(key(expression, name)) ?? answer,
    );
  });

  describe.each(differences)('$reason', ({ rows }) => {
    it.each(rows)('%j on %j: %j, which the recording denies', (expression, name, answer) => {
      expect(recorded.find(([e, n]) => e === expression && n === name)?.[2]).toBe(!answer);
    });
  });
});

describe('wildcards', () => {
  it.each<[pattern: string, matching: string[], other: string[]]>([
    ['', [''], ['a']],
    ['*.*', ['a.b', '.', '..', 'a.'], ['a']],
    ['a*c', ['ac', 'abc', 'a.c', 'abcbc'], ['ab', 'acb']],
    ['?', ['a', '.'], ['', 'ab']],
    // What `dir *.` asks for: names without an extension.
    ['<', ['abc', 'abc.', '.'], ['a.b', '.x', 'a.b.c', 'a. ']],
    ['<.', ['a.', '.', 'a.b.'], ['a', 'a.b']],
    ['<.c', ['a.c', 'a.b.c', '.c'], ['ac', 'a.c.d']],
    ['<"', ['a', 'a.', 'a.b.'], ['a.b', 'a.b.c']],
    // Up to the last dot, or without one to the end.
    ['a<', ['a', 'abc', 'a.', 'a.b.'], ['a.c', 'a.b.c']],
    ['a.<', ['a.', 'a.bcd', 'a.b.'], ['a', 'a.b.c']],
    ['a<d', ['ad', 'abcd', 'a.d', 'ab.d', 'a.b.d'], ['a.bd', 'a.b.cd']],
    ['<b.d', ['b.d', 'a.b.d'], ['a.bc.d']],
    ['<<', ['abc', 'a.b', 'a.b.c'], []],
    ['*<', ['abc', 'a.b.c'], []],
    ['a>c', ['abc'], ['ac', 'a.c']],
    ['a>>.c', ['a.c', 'ab.c', 'abb.c'], ['abbb.c', 'a.b.c']],
    ['a>>>c', ['abbbc'], ['a.c', 'ab.c', 'abc']],
    ['>.', ['.', 'a.'], ['a', 'ab.']],
    ['a>', ['a', 'ab', 'a.'], ['abc', 'ab.', 'a..', 'a.b']],
    ['>">', ['a', 'a.', 'a.b'], ['ab', 'a.bc', 'ab.c']],
    ['>>">>">>', ['ab.ba', 'ab.ba.ab', 'a'], ['abba', 'a..b.c.d']],
    ['>>"a>"b', [], ['ab.ab', 'ab.a']],
    ['a"c', ['a.c'], ['ac', 'a']],
    ['a"', ['a', 'a.'], ['ab', 'a..']],
    ['a""', ['a', 'a.', 'a..'], ['a...']],
    ['a">>>', ['a', 'a.', 'a.b', 'a.bcd'], ['a.bcde', 'a.b.c', 'ab']],
    ['<"*', ['a', 'a.b', '.a', '..'], []],
    ['ab.<"', ['ab.', 'ab.c', 'ab..'], ['ab']],
  ])('%j', (pattern, matching, other) => {
    const matches = compilePattern(pattern, false);
    expect(matching.filter((name) => !matches(name))).toEqual([]);
    expect(other.filter(matches)).toEqual([]);
  });

  it('say the same as their definition, read word for word', () => {
    const text = (alphabet: string, maxLength: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), maxLength });
    fc.assert(
      fc.property(
        text('aB.*?<>"', 7),
        text('ab.', 7),
        fc.boolean(),
        (pattern, name, ignoreCase) => {
          expect(matchesPattern(pattern, name, ignoreCase)).toBe(
            byDefinition(pattern, name, ignoreCase),
          );
        },
      ),
      { numRuns: 20_000 },
    );
  });

  it('forget the name before', () => {
    const matches = compilePattern('a*b', true);
    expect(['aab', 'a', 'ab', '', 'AB'].map(matches)).toEqual([true, false, true, false, true]);
  });

  it.each(['*a', '<a', '**a', '>*a'])('take no exponential time: %j over and over', (part) => {
    const matches = compilePattern(`${part.repeat(100)}b`, true);
    expect(matches('A'.repeat(5000))).toBe(false);
    expect(matches(`${'A'.repeat(5000)}B`)).toBe(true);
  });
});

describe('case', () => {
  it('counts when it is not ignored', () => {
    expect(matchesPattern('a*', 'ABC', false)).toBe(false);
    expect(matchesPattern('A*', 'ABC', false)).toBe(true);
  });

  it.each([
    ['é', 'É'],
    ['ж', 'Ж'],
    ['ÿ', 'Ÿ'],
    ['ǆ', 'Ǆ'],
    ['ς', 'Σ'],
    ['σ', 'Σ'],
    ['ᾀ', 'ᾈ'],
    ['ᾳ', 'ᾼ'],
    ['ⓐ', 'Ⓐ'],
    ['ａ', 'Ａ'],
  ])('%s and %s are one letter', (letter, capital) => {
    expect(matchesPattern(letter, capital, true)).toBe(true);
    expect(matchesPattern(`*${capital}`, `x${letter}`, true)).toBe(true);
    expect(matchesPattern(letter, capital, false)).toBe(false);
  });

  it.each([
    ['ß', 'SS'],
    ['ß', 'ẞ'],
    ['ı', 'I'],
    ['İ', 'i'],
    ['ſ', 'S'],
    ['µ', 'Μ'],
    ['ﬁ', 'FI'],
    ['\u212a', 'k'],
    // Beyond the basic plane NT sees surrogates, and surrogates have no case.
    ['𐐨', '𐐀'],
  ])('%s and %s are not', (one, other) => {
    expect(matchesPattern(one, other, true)).toBe(false);
    expect(matchesPattern(one, one, true)).toBe(true);
  });

  it('leaves no unit half folded', () => {
    for (let unit = 0; unit < 0x10000; unit++) {
      expect(upcaseUnit(upcaseUnit(unit))).toBe(upcaseUnit(unit));
    }
  });
});

/** Tries every way to match: slow, but as plain as Microsoft's table. */
function byDefinition(pattern: string, name: string, ignoreCase: boolean): boolean {
  if (pattern === '' || name === '') return pattern === name;
  const lastDot = name.lastIndexOf('.');
  const from = (p: number, n: number): boolean => {
    const wanted = pattern[p];
    const character = name[n];
    if (wanted === undefined) return character === undefined;
    const zero = (): boolean => from(p + 1, n);
    const one = (): boolean => from(p + 1, n + 1);
    const more = (): boolean => from(p, n + 1);
    const atEnd = character === undefined;
    switch (wanted) {
      case '*':
        return zero() || (!atEnd && more());
      case '<':
        return zero() || (!atEnd && (n === lastDot ? one() : more()));
      case '>':
        if (!atEnd && character !== '.') return one();
        return zero() || (p + 1 === pattern.length && n + 1 === name.length);
      case '"':
        return atEnd ? zero() : character === '.' && one();
      case '?':
        return !atEnd && one();
      default:
        return (
          !atEnd &&
          (ignoreCase ? wanted.toLowerCase() === character.toLowerCase() : wanted === character) &&
          one()
        );
    }
  };
  return from(0, 0);
}
