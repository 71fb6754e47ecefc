const STAR = 0x2a; // *
const QUESTION_MARK = 0x3f; // ?
const DOS_STAR = 0x3c; // <
const DOS_QM = 0x3e; // >
const DOS_DOT = 0x22; // "
const DOT = 0x2e;

/** Stands for the character after the last one: some wildcards match nothing there. */
const END = -1;

/**
 * Upper-cases one UTF-16 unit as NT does: one unit for one unit, in no language.
 *
 * JavaScript follows Unicode, which also folds letters that only look alike when capital (`ı`, `ſ`,
 * `µ`, `ϐ`, the title-case digraphs) and makes two letters of some. NT leaves those as they are: it
 * takes a capital only when that leads back to the letter. What its table (published as the up-case
 * table of the exFAT specification) has beyond that rule: the final sigma, and Greek vowels with
 * iota subscript, whose capital is one unit for NT and two letters for JavaScript.
 *
 * @param unit - a UTF-16 code unit
 */
export function upcaseUnit(unit: number): number {
  if (unit < 0x80) return unit >= 0x61 && unit <= 0x7a ? unit - 0x20 : unit;
  if (unit === 0x3c2) return 0x3a3;
  if (unit >= 0x1f80 && unit < 0x1fb0) return unit | 8;
  if (unit === 0x1fb3 || unit === 0x1fc3 || unit === 0x1ff3) return unit + 9;
  const letter = String.fromCharCode(unit);
  const capital = letter.toUpperCase();
  return capital.length === 1 && capital.toLowerCase() === letter ? capital.charCodeAt(0) : unit;
}

/**
 * Prepares a pattern for many names, by the rules of FsRtlIsNameInExpression:
 *
 * | in the pattern | matches |
 * | --- | --- |
 * | `*` | any characters, also none |
 * | `?` | one character, whatever it is |
 * | `<` (DOS_STAR) | any characters, also none, and no further than the last `.` of the name |
 * | `>` (DOS_QM) | one character that is no `.`; nothing before a `.` and at the end of the name |
 * | `"` (DOS_DOT) | a `.`, or nothing at the end of the name |
 *
 * `*.*` therefore needs a dot. That `dir *.*` lists everything is Win32's doing, which rewrites what
 * the user typed before the file system sees it (`*.` to `<`, `a??` to `a>>`, `*.*` to `*`).
 *
 * As in NT, `>` as the last of the pattern also takes a `.` that ends the name.
 *
 * An empty name matches nothing but the empty pattern, not even `*`. So says Microsoft.
 *
 * The time for one name is at most its length times that of the pattern, so that no program can
 * stop the volume with `*a*a*a*b`.
 *
 * @param pattern - in any case; FsRtl wants it in capitals, we fold it ourselves
 * @param ignoreCase - compares capitals (see {@link upcaseUnit})
 * @returns whether a name (one path component) matches
 */
export function compilePattern(pattern: string, ignoreCase: boolean): (name: string) => boolean {
  if (pattern === '') return (name) => name === '';
  if (pattern === '*') return (name) => name !== '';
  const fold = ignoreCase ? upcaseUnit : (unit: number): number => unit;
  const expression = Uint16Array.from({ length: pattern.length }, (_, index) =>
    fold(pattern.charCodeAt(index)),
  );
  // One flag per place in the pattern that the characters so far may have led to, the end included.
  let here = new Uint8Array(expression.length + 1);
  let next = new Uint8Array(expression.length + 1);
  return (name) => {
    if (name === '') return false;
    const lastDot = name.lastIndexOf('.');
    here.fill(0);
    here[0] = 1;
    for (let index = 0; index < name.length; index++) {
      next.fill(0);
      if (!step(expression, here, next, fold(name.charCodeAt(index)), index === lastDot)) {
        return false;
      }
      [here, next] = [next, here];
    }
    step(expression, here, next, END, false);
    return here[expression.length] === 1;
  };
}

/**
 * Whether one name matches a pattern; see {@link compilePattern}.
 *
 * @param ignoreCase - compares capitals
 */
export function matchesPattern(pattern: string, name: string, ignoreCase: boolean): boolean {
  return compilePattern(pattern, ignoreCase)(name);
}

/**
 * Takes one character. Where the pattern may match nothing, the next place becomes possible in
 * `here` itself; it comes later in the same loop.
 *
 * @returns false when no place is left
 */
function step(
  expression: Uint16Array,
  here: Uint8Array,
  next: Uint8Array,
  unit: number,
  isLastDot: boolean,
): boolean {
  let alive = false;
  for (let place = 0; place < expression.length; place++) {
    if (here[place] === 0) continue;
    const wanted = expression[place];
    let to = -1;
    if (wanted === STAR || wanted === DOS_STAR) {
      here[place + 1] = 1;
      to = wanted === DOS_STAR && isLastDot ? place + 1 : place;
    } else if (wanted === DOS_QM) {
      if (unit === END || unit === DOT) here[place + 1] = 1;
      // NT takes the character as matched when stepping over it leads to the end of the pattern.
      if (unit !== DOT || place + 1 === expression.length) to = place + 1;
    } else if (wanted === DOS_DOT) {
      if (unit === END) here[place + 1] = 1;
      else if (unit === DOT) to = place + 1;
    } else if (wanted === QUESTION_MARK || wanted === unit) {
      to = place + 1;
    }
    if (to >= 0 && unit !== END) {
      next[to] = 1;
      alive = true;
    }
  }
  return alive;
}
