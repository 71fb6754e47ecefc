import { InvalidArgumentError } from 'commander';

/** Milliseconds on a command line. @throws InvalidArgumentError, which commander reports */
export function milliseconds(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Expected a whole number of milliseconds.');
}
