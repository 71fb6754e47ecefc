import { expected } from './errors.js';

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
