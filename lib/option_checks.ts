import { expected, OptionError } from './errors.js';

/** Throws an OptionError when the value is not what the option takes. */
export type Check = (option: string, value: unknown) => void;

export function checkBoolean(option: string, value: unknown): void {
  if (typeof value !== 'boolean') throw expected(option, 'true or false', value);
}

/** @param maximum - UTF-16 units */
export function checkText(maximum: number): Check {
  return (option, value) => {
    const right =
      typeof value === 'string' &&
      value.length > 0 &&
      value.length <= maximum &&
      !value.includes('\0');
    if (!right) throw expected(option, `a string of 1 to ${maximum} characters`, value);
  };
}

/** @param maximum - milliseconds */
export function checkDuration(maximum = Number.MAX_SAFE_INTEGER): Check {
  return (option, value) => {
    if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > maximum) {
      throw expected(option, `a whole number of milliseconds from 0 to ${maximum}`, value);
    }
  };
}

/** A whole number with a further condition. @param what - as the error says it */
export function checkSize(what: string, isRight: (value: number) => boolean): Check {
  return (option, value) => {
    const right = Number.isSafeInteger(value) && (value as number) >= 0 && isRight(value as number);
    if (!right) throw expected(option, what, value);
  };
}

/**
 * Options as a caller gives them: none, or an object with some of them.
 * @param known - the names there are
 * @throws OptionError for something else, and for other names
 */
export function checkNames(given: unknown, known: readonly string[]): Record<string, unknown> {
  if (given === undefined) return {};
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw expected('options', 'an object', given);
  }
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new OptionError(name, `Unknown option '${name}'${suggestion(name, known)}`);
    }
  }
  return { ...given };
}

/** A name that differs in case or separators only is most likely what was meant. */
function suggestion(name: string, known: readonly string[]): string {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[^a-z]/g, '');
  const meant = known.find((option) => plain(option) === plain(name));
  return meant === undefined ? '' : `; did you mean '${meant}'?`;
}
