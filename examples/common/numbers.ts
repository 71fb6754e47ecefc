import { InvalidArgumentError } from 'commander';

/** Numbers on a command line. Each throws InvalidArgumentError, which commander reports. */

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Expected a whole number.');
}

export function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('Expected a whole number from 1.');
}
