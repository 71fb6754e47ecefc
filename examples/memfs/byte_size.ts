const UNITS = ['', 'K', 'M', 'G', 'T'];

/**
 * Reads a size as people write it: `4096`, `512M`, `1.5GiB`. Units are powers of 1024.
 * @returns bytes; undefined when it is no size, or beyond 2^53-1
 */
export function parseByteSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  if (match === null) return undefined;
  const [, amount = '', unit = ''] = match;
  const bytes = Math.floor(Number(amount) * 1024 ** UNITS.indexOf(unit.toUpperCase()));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
